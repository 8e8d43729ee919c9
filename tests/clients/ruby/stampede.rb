# frozen_string_literal: true

# What the stampede scenarios in Ruby share: the same crowds, and the same record, as ../python/stampede.py.
HOST = ENV.fetch('REDIS_HOST', '127.0.0.1')
PORT = ENV.fetch('REDIS_PORT', '6379').to_i
OTHER_PORT = ENV.fetch('REDIS_OTHER_PORT', PORT.to_s).to_i
DB = ENV.fetch('REDIS_DB', '1').to_i
PREFIX = ENV.fetch('KEY_PREFIX', 'test:')
SECONDS = ENV.fetch('STAMPEDE_SECONDS', '7').to_f
TTL = 1 # second
RECORD = File.open(ENV.fetch('RECORD', File::NULL), 'a')
RECORD.sync = true
CROWDS = []

# The block is called in each process with the port of its sidecar, and returns the step.
def crowd(name, processes: 1, threads: 16, &setup)
  CROWDS << [name, processes, threads, setup]
end

def monotonic
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

def now
  format('%.6f', Process.clock_gettime(Process::CLOCK_REALTIME))
end

def record(*fields)
  RECORD.write("#{fields.join("\t")}\n")
end

# Asks the database; takes 100 to 200 ms.
def compute(crowd_name, key)
  value = "#{key}|#{Process.pid}.#{rand(1 << 60)}|#{now}"
  record('asked', crowd_name, key, value)
  started = monotonic
  sleep(rand(0.1..0.2))
  Thread.current[:computing] += monotonic - started
  value
end

# Records the value that the block returns, from the cache or from compute.
def lookup(crowd_name, key)
  Thread.current[:computing] = 0
  started = monotonic
  value = yield
  seconds = monotonic - started - Thread.current[:computing]
  record('got', crowd_name, key, value, format('%.6f', seconds), now)
end

def run_process(setup, port, threads)
  step = setup.call(port)
  finish = monotonic + SECONDS
  workers = (0...threads).map do
    Thread.new do
      Thread.current.report_on_exception = true
      while monotonic < finish
        step.call
        sleep(rand(0.002..0.02))
      end
    end
  end
  workers.each(&:join)
end

def run_crowds
  children = CROWDS.flat_map do |_name, processes, threads, setup|
    (0...processes).map { |number| fork { run_process(setup, [PORT, OTHER_PORT][number % 2], threads) } }
  end
  children.map { |child| Process.wait2(child)[1].success? }.all?
end
