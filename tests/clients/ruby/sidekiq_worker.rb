# frozen_string_literal: true

# Sidekiq (6.4, Debian's ruby-sidekiq) with a real worker process: queues, schedule, retries, statistics, shutdown.
require_relative 'checks'
require_relative 'sidekiq_jobs'
require 'sidekiq/api'

REDIS = Redis.new(url: url)
WAIT = 30

def worker
  @worker ||= Process.spawn(
    'sidekiq', '-r', File.join(__dir__, 'sidekiq_jobs.rb'), '-c', '5', '-q', 'critical,2', '-q', 'default', '-t', '5'
  )
end

def listed(name)
  REDIS.lrange(key(name), 0, -1)
end

check('the worker reports itself') do
  worker
  process = wait_until('a heartbeat', WAIT) { Sidekiq::ProcessSet.new.first }
  expect(process['queues'].sort, %w[critical default])
  expect(process['concurrency'], 5)
end

check('jobs') do
  200.times { |i| NoteJob.perform_async(key('notes'), i) }
  wait_until('all jobs', WAIT) { listed('notes').size == 200 }
  expect(listed('notes').map(&:to_i).sort, (0...200).to_a)
  expect(Sidekiq::Queue.new.size, 0)
end

check('jobs in bulk and by queue') do
  Sidekiq::Client.push_bulk('class' => NoteJob, 'args' => (0...300).map { |i| [key('bulk'), i] })
  NoteJob.set(queue: 'critical').perform_async(key('critical'), 'now')
  wait_until('all jobs', WAIT) { listed('bulk').size == 300 && listed('critical') == ['now'] }
end

check('a scheduled job') do
  NoteJob.perform_in(1, key('later'), 'x')
  expect(Sidekiq::ScheduledSet.new.size, 1)
  expect(listed('later'), [])
  wait_until('the scheduled job', WAIT) { listed('later') == ['x'] }
end

check('retries and dead jobs') do
  SecondTimeJob.perform_async(key('tries'), key('second'))
  wait_until('the retry', WAIT) { listed('second') == ['2'] }
  HopelessJob.perform_async
  wait_until('the dead job', WAIT) { Sidekiq::DeadSet.new.size == 1 }
  expect(Sidekiq::DeadSet.new.first['error_message'], 'meant to fail')
end

check('statistics') do
  wait_until('the counts of the worker arrive', WAIT) { Sidekiq::Stats.new.processed == 505 }
  stats = Sidekiq::Stats.new
  expect([stats.enqueued, stats.scheduled_size, stats.retry_size, stats.dead_size], [0, 0, 0, 1])
  expect(stats.failed, 2)
end

check('shutdown') do
  Process.kill('TERM', worker)
  Process.wait(worker)
  expect($?.exitstatus, 0, 'exit code of the worker:')
  @worker = nil
  expect(Sidekiq::ProcessSet.new.size, 0)
end

begin
  REDIS.flushdb
  failed = run_checks
ensure
  Process.kill('KILL', @worker) if @worker
end
exit(failed.zero? ? 0 : 1)
