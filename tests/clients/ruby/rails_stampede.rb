# frozen_string_literal: true

# Rails' cache on Redis under stampedes: fetch, with and without race_condition_ttl, with a pool and on one connection.
require 'active_support'
require 'active_support/core_ext'
require 'active_support/cache/redis_cache_store'
require_relative 'stampede'

# The store turns every error of Redis into a miss. Here one ends the process.
FAIL = lambda do |method:, returning:, exception:| # rubocop:disable Lint/UnusedBlockArgument
  warn "the store hid in #{method}: #{exception.inspect}"
  exit!(1)
end

# Rails gives up after 1 s unless told otherwise; here max_wait is longer, for machines that are busy with other things.
def store(port, **options)
  options.merge!(url: "redis://#{HOST}:#{port}/#{DB}", namespace: PREFIX.chomp(':'), read_timeout: 10, error_handler: FAIL)
  cache = ActiveSupport::Cache::RedisCacheStore.new(**options)
  cache.redis # two threads that make the pool at the same time make one connection instead
  cache
end

def fetch(cache, crowd_name, **options)
  key = "#{crowd_name}:hot"
  lookup(crowd_name, key) { cache.fetch(key, expires_in: TTL, **options) { compute(crowd_name, key) } }
end

crowd('fetch') do |port|
  cache = store(port, pool_size: 16, pool_timeout: 5)
  -> { fetch(cache, 'fetch') }
end

crowd('processes', processes: 4, threads: 4) do |port|
  cache = store(port, pool_size: 4, pool_timeout: 5)
  -> { fetch(cache, 'processes') }
end

# A server with processes, each of which has one thread.
crowd('workers', processes: 12, threads: 1) do |port|
  cache = store(port)
  -> { fetch(cache, 'workers') }
end

crowd('race_condition_ttl') do |port|
  cache = store(port, pool_size: 16, pool_timeout: 5)
  -> { fetch(cache, 'race_condition_ttl', race_condition_ttl: 1) }
end

crowd('one_connection', processes: 2, threads: 8) do |port|
  cache = store(port)
  -> { fetch(cache, 'one_connection') }
end

exit(run_crowds ? 0 : 1)
