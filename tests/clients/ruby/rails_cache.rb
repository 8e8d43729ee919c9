# frozen_string_literal: true

# Rails' cache on Redis: ActiveSupport::Cache::RedisCacheStore (6.1, Debian's ruby-activesupport).
require 'active_support'
require 'active_support/core_ext'
require 'active_support/cache/redis_cache_store'
require_relative 'checks'

# The store turns every error of Redis into a miss. Here they are collected, and any one fails its check.
ERRORS = []
COLLECT = ->(method:, returning:, exception:) { ERRORS << [method, returning, exception] }

def store(**options)
  ActiveSupport::Cache::RedisCacheStore.new(url: url, namespace: PREFIX, error_handler: COLLECT, **options)
end

def no_errors
  seen = ERRORS.dup
  ERRORS.clear
  raise "the store hid #{seen.inspect[0, 1000]}" unless seen.empty?
end

CACHE = store

check('values', memory: true) do
  rows = { 'text' => 'grüß', 'nil' => nil, 'hash' => { a: [1, 2.5, nil] }, 'empty' => '', 'bytes' => binary(500) }
  rows.each do |name, value|
    expect(CACHE.write(name, value).present?, true)
    expect(CACHE.read(name), value)
    expect(CACHE.exist?(name), true)
  end
  expect(CACHE.read('absent'), nil)
  expect(CACHE.delete('text').present?, true)
  expect(CACHE.exist?('text'), false)
end

check('ten megabytes', memory: true) do
  big = binary(10_000_000)
  CACHE.write('big', big, compress: false)
  raise 'the value came back changed' unless CACHE.read('big') == big

  CACHE.delete('big')
end

check('fetch computes once', memory: true) do
  calls = 0
  5.times { expect(CACHE.fetch('fetched', expires_in: 60) { calls += 1 }, 1) }
  expect(CACHE.fetch('fetched', force: true) { 7 }, 7)
  expect(CACHE.fetch('nothing', skip_nil: true) { nil }, nil)
  expect(CACHE.exist?('nothing'), false)
end

check('expiry and race condition ttl', memory: true) do
  CACHE.write('short', 1, expires_in: 0.05)
  wait_until('the entry expires') { CACHE.read('short').nil? }
  CACHE.write('race', 'old', expires_in: 0.05, race_condition_ttl: 60)
  sleep 0.1
  nested = nil
  value = CACHE.fetch('race', expires_in: 5, race_condition_ttl: 60) do
    nested = CACHE.fetch('race', race_condition_ttl: 60) { 'not reached' }
    'new'
  end
  expect([value, nested, CACHE.read('race')], %w[new old new])
end

check('several at once', memory: true) do
  rows = (0...300).to_h { |i| ["many:#{i}", { 'row' => i }] }
  CACHE.write_multi(rows, expires_in: 60)
  expect(CACHE.read_multi(*rows.keys, 'absent'), rows)
  fetched = CACHE.fetch_multi('many:0', 'many:new') { |name| "made #{name}" }
  expect(fetched, { 'many:0' => { 'row' => 0 }, 'many:new' => 'made many:new' })
  expect(CACHE.delete_multi(rows.keys.first(100)), 100)
  expect(CACHE.read_multi(*rows.keys).size, 200)
end

check('counters', memory: true) do
  CACHE.write('n', 5, raw: true)
  expect(CACHE.increment('n'), 6)
  expect(CACHE.increment('n', 10), 16)
  expect(CACHE.decrement('n', 6), 10)
  expect(CACHE.read('n', raw: true).to_i, 10)
  expect(CACHE.increment('new counter', 1, expires_in: 60), 1)
end

check('delete by pattern', memory: true) do
  CACHE.write_multi((0...500).to_h { |i| ["pattern:#{i}", i] })
  CACHE.delete_matched('pattern:1*')
  left = CACHE.read_multi(*(0...500).map { |i| "pattern:#{i}" })
  expect(left.size, 500 - 111)
end

check('a pool of connections', memory: true) do
  pooled = store(pool_size: 4, pool_timeout: 5)
  workers = (0...8).map do |n|
    Thread.new do
      100.times do |i|
        pooled.write("thread#{n}:#{i}", [n, i])
        expect(pooled.read("thread#{n}:#{i}"), [n, i])
      end
      n
    end
  end
  expect(workers.map(&:value), (0...8).to_a)
end

check('survives a killed connection') do
  own = store(reconnect_attempts: 1)
  own.write('kept', 1)
  id = own.redis.call([:client, :id])
  expect(CACHE.redis.client(:kill, 'ID', id), 1)
  expect(own.read('kept'), 1)
end

check('clear', memory: true) do
  CACHE.write('left', 1)
  CACHE.clear
  expect(CACHE.exist?('left'), false)
  plain = ActiveSupport::Cache::RedisCacheStore.new(url: url, error_handler: COLLECT)
  plain.write('left', 1)
  plain.clear
  expect(plain.exist?('left'), false)
end

CACHE.redis.flushdb
exit(run_checks { no_errors }.zero? ? 0 : 1)
