# frozen_string_literal: true

# The jobs of the Sidekiq scenario: loaded by the worker process and by the caller.
require 'sidekiq'

HOST_AND_PORT = [ENV.fetch('REDIS_HOST', '127.0.0.1'), ENV.fetch('REDIS_PORT', '6379')].join(':')
REDIS_URL = "redis://#{HOST_AND_PORT}/#{ENV.fetch('REDIS_DB', '1')}"

Sidekiq.configure_server do |config|
  config.redis = { url: REDIS_URL, size: 15 }
  # How often the scheduler looks for jobs that are due, in seconds.
  config.options[:poll_interval_average] = 0.3
end
Sidekiq.configure_client { |config| config.redis = { url: REDIS_URL, size: 5 } }
Sidekiq.logger.level = Logger::WARN
# This Sidekiq calls the redis gem in ways that its newest release deprecates.
Redis.silence_deprecations = true

class NoteJob
  include Sidekiq::Worker

  def perform(list, value)
    Sidekiq.redis { |redis| redis.rpush(list, value) }
  end
end

class SecondTimeJob
  include Sidekiq::Worker
  sidekiq_options retry: 3
  sidekiq_retry_in { 1 }

  def perform(counter, list)
    tries = Sidekiq.redis { |redis| redis.incr(counter) }
    raise 'meant to fail' if tries < 2

    Sidekiq.redis { |redis| redis.rpush(list, tries) }
  end
end

class HopelessJob
  include Sidekiq::Worker
  sidekiq_options retry: 0

  def perform
    raise 'meant to fail'
  end
end
