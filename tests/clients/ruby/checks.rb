# frozen_string_literal: true

# The check list of one scenario: the same rules and the same environment as ../python/checks.py.
require 'timeout'

HOST = ENV.fetch('REDIS_HOST', '127.0.0.1')
PORT = ENV.fetch('REDIS_PORT', '6379').to_i
DB = ENV.fetch('REDIS_DB', '1').to_i
OTHER_DB = ENV.fetch('REDIS_OTHER_DB', '2').to_i
PREFIX = ENV.fetch('KEY_PREFIX', 'test:')
MEMORY = ENV['MEMORY'] == '1'
CHECK_SECONDS = 45
CHECKS = []

def url(database = DB)
  "redis://#{HOST}:#{PORT}/#{database}"
end

# memory: the embedded store promises it too.
def check(name, memory: false, &body)
  CHECKS << [name, memory, body]
end

def key(name)
  PREFIX + name
end

# The same bytes for the same seed, holding every byte value.
def binary(size, seed = 7)
  ((0..255).to_a.pack('C*') + Random.new(seed).bytes(size))[0, size]
end

def expect(actual, wanted, what = '')
  return if actual == wanted

  raise "#{what} expected #{wanted.inspect[0, 300]}, got #{actual.inspect[0, 300]}"
end

def expect_raises(kind, text)
  value = yield
rescue kind => e
  raise "expected an error with #{text.inspect}, got #{e.inspect}" unless e.message.include?(text)
else
  raise "expected #{kind} with #{text.inspect}, got the value #{value.inspect[0, 300]}"
end

def wait_until(what, seconds = 15)
  deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
  until (value = yield)
    raise "not within #{seconds} s: #{what}" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

    sleep 0.02
  end
  value
end

# Runs the block after each check, and a failure there fails the check.
def run_checks
  failed = 0
  CHECKS.each do |name, memory, body|
    next if MEMORY && !memory

    started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    error = begin
      Timeout.timeout(CHECK_SECONDS, &body)
      yield if block_given?
      nil
    rescue StandardError => e
      e
    end
    failed += 1 if error
    seconds = Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
    puts format('  %<state>s %<name>s %<seconds>.2fs', state: error ? 'FAILED' : 'ok', name: name, seconds: seconds)
    puts error.full_message(highlight: false) if error
    $stdout.flush
  end
  failed
end
