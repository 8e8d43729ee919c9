# frozen_string_literal: true

# The redis gem (4.8, Debian's ruby-redis).
require 'redis'
require_relative 'checks'

DEEP = 10_000

def client(database = DB, **options)
  Redis.new(url: url(database), timeout: 30, **options)
end

SHARED = client

def r
  SHARED
end

check('connect', memory: true) do
  expect(r.ping, 'PONG')
  expect(r.echo("a\r\n\0b"), "a\r\n\0b")
  expect(r.set(key('a'), 'value', px: 60_000), 'OK')
  expect(r.get(key('a')), 'value')
  expect(r.get(key('absent')), nil)
  expect(r.set(key('a'), 'x', nx: true), false)
  expect(r.mget(key('a'), key('absent')), ['value', nil])
  expect(r.ttl(key('a')).between?(55, 60), true)
  expect(r.del(key('a')), 1)
end

check('names and ids', memory: true) do
  one = client(id: "#{PREFIX}one")
  two = client
  one.client(:setname, "#{PREFIX}named")
  first = one.call([:client, :id])
  expect(two.call([:client, :id]) > first, true)
  expect(one.client(:getname), "#{PREFIX}named")
  mine = two.client(:list).select { |row| row['name'] == "#{PREFIX}named" }
  expect(mine.map { |row| [row['id'].to_i, row['db'].to_i] }, [[first, DB]])
end

check('a deep pipeline keeps order', memory: true) do
  replies = r.pipelined do |pipe|
    DEEP.times { |i| i.odd? ? pipe.echo("echo #{i}") : pipe.set(key("p#{i}"), "value #{i}") }
  end
  expect(replies, (0...DEEP).map { |i| i.odd? ? "echo #{i}" : 'OK' })
  replies = r.pipelined { |pipe| DEEP.times { |i| i.odd? ? pipe.echo("echo #{i}") : pipe.get(key("p#{i}")) } }
  expect(replies, (0...DEEP).map { |i| i.odd? ? "echo #{i}" : "value #{i}" })
end

check('binary, empty and ten megabytes', memory: true) do
  name = key('bytes').b + binary(256) + "\r\n$3\r\n".b
  r.set(name, binary(256))
  expect(r.get(name).b, binary(256))
  r.set(key('empty'), '')
  expect(r.get(key('empty')), '')
  big = binary(10_000_000)
  r.set(key('big'), big)
  raise 'the value came back changed' unless r.get(key('big')).b == big

  expect(r.del(name, key('empty'), key('big')), 3)
end

check('transaction', memory: true) do
  r.del(key('t'))
  expect(r.multi { |multi| 300.times { multi.incr(key('t')) } }, (1..300).to_a)
  expect_raises(Redis::CommandError, 'EXEC without MULTI') { r.call([:exec]) }
end

check('watch conflict', memory: true) do
  other = client
  r.set(key('w'), 1)
  lost = r.watch(key('w')) do
    other.set(key('w'), 2)
    r.multi { |multi| multi.set(key('w'), 3) }
  end
  expect([lost, r.get(key('w'))], [nil, '2'])
  won = r.watch(key('w')) { r.multi { |multi| multi.set(key('w'), 4) } }
  expect([won, r.get(key('w'))], [['OK'], '4'])
end

check('publish and subscribe', memory: true) do
  subscriber = client
  heard = []
  publisher = Thread.new do
    own = client
    wait_until('the subscription') { own.pubsub(:numsub, key('c2')).last == 1 }
    200.times { |i| expect(own.publish(key(i.odd? ? 'c1' : 'c2'), i), 1) }
  end
  subscriber.subscribe(key('c1'), key('c2')) do |on|
    on.message do |_, message|
      heard << message.to_i
      subscriber.unsubscribe if heard.size == 200
    end
  end
  publisher.join
  expect(heard, (0...200).to_a)
  # The same connection goes back to ordinary commands.
  expect(subscriber.set(key('after'), 'plain'), 'OK')
  expect(subscriber.get(key('after')), 'plain')
  expect(r.publish(key('c1'), 'late'), 0)
  patterns = []
  subscriber.psubscribe_with_timeout(0.5, key('p*')) do |on|
    on.psubscribe { r.publish(key('px'), 'news') }
    on.pmessage { |_, channel, message| patterns << [channel, message] && subscriber.punsubscribe }
  end
  expect(patterns, [[key('px'), 'news']])
end

check('blocking pop') do
  expect(r.blpop(key('q'), timeout: 1), nil)
  waiting = Thread.new { client.blpop(key('q'), key('q2'), timeout: 15) }
  200.times do |i|
    r.set(key('other'), i)
    expect(r.get(key('other')), i.to_s)
  end
  r.rpush(key('q2'), 'job')
  expect(waiting.value, [key('q2'), 'job'])
  waiting = Thread.new { client.brpoplpush(key('q'), key('q2'), timeout: 15) }
  r.rpush(key('q'), 'moved')
  expect(waiting.value, 'moved')
end

check('lua') do
  script = "-- #{PREFIX}#{Process.clock_gettime(Process::CLOCK_MONOTONIC)}\nreturn {KEYS[1], ARGV[1], 7}"
  expect_raises(Redis::CommandError, 'NOSCRIPT No matching script') { r.evalsha('0' * 40) }
  sha = r.script(:load, script)
  expect(r.evalsha(sha, [key('k')], ['v']), [key('k'), 'v', 7])
  expect(r.eval(script, [key('k')], ['w']), [key('k'), 'w', 7])
end

check('scan', memory: true) do
  wanted = (0...1000).map { |i| key("scan:#{i}") }
  r.mapped_mset(wanted.to_h { |name| [name, 1] })
  expect(r.scan_each(match: key('scan:*'), count: 50).to_a.uniq.sort, wanted.sort)
end

check('data types') do
  r.hset(key('h'), 'f', 1, 'g', 2)
  expect(r.hgetall(key('h')), { 'f' => '1', 'g' => '2' })
  r.zadd(key('z'), [[1.5, 'm'], [2, 'n']])
  expect(r.zrange(key('z'), 0, -1, with_scores: true), [['m', 1.5], ['n', 2.0]])
  id = r.xadd(key('st'), { 'f' => 'v' })
  expect(r.xrange(key('st')), [[id, { 'f' => 'v' }]])
end

check('databases are separate', memory: true) do
  moving = client
  r.set(key('where'), 'here')
  moving.select(OTHER_DB)
  moving.set(key('where'), 'there')
  expect([r.get(key('where')), moving.get(key('where'))], %w[here there])
  moving.select(DB)
  expect(moving.get(key('where')), 'here')
end

check('errors') do
  r.set(key('text'), 'x')
  expect_raises(Redis::CommandError, 'WRONGTYPE Operation against a key') { r.lpush(key('text'), 1) }
  expect_raises(Redis::CommandError, 'unknown command') { r.call([:nosuch, 'a']) }
  expect_raises(Redis::CommandError, 'not an integer') do
    r.pipelined { |pipe| pipe.echo('a') && pipe.incr(key('text')) && pipe.echo('b') }
  end
  expect(r.get(key('text')), 'x')
end

check('reconnect after kill') do
  victim = client
  before = victim.call([:client, :id])
  expect(r.client(:kill, 'ID', before), 1)
  expect(victim.set(key('again'), 'yes'), 'OK')
  expect(victim.call([:client, :id]) > before, true)
  expect(r.get(key('again')), 'yes')
end

r.flushdb
exit(run_checks.zero? ? 0 : 1)
