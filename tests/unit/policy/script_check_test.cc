#include "sidecar/policy/script_check.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace herdgate::policy {
namespace {

TEST(ScriptCheckTest, PassesCommandsThatRedisRefusesInAScript) {
  EXPECT_FALSE(BuildsKeyNames("return redis.call('blpop', 'name', 0)"));
  EXPECT_FALSE(BuildsKeyNames("return redis.call('incr')"));
  EXPECT_FALSE(BuildsKeyNames("return redis.call('get', 'a', 'b')"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('get', 'a')"));
}

TEST(ScriptCheckTest, PassesAScriptThatHasAllItsKeysFromKeys) {
  EXPECT_FALSE(BuildsKeyNames("return redis.call('get', KEYS[1])"));
  EXPECT_FALSE(BuildsKeyNames("return redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])"));
  EXPECT_FALSE(BuildsKeyNames("return redis.pcall('mset', KEYS[1], ARGV[1], KEYS[2], 'x' .. ARGV[2])"));
  EXPECT_FALSE(BuildsKeyNames("return redis.call('del', unpack(KEYS))"));
  EXPECT_FALSE(BuildsKeyNames("return redis.call('del', table.unpack(KEYS))"));
  EXPECT_FALSE(BuildsKeyNames("return redis.call('get', (KEYS[tonumber(ARGV[1])]))"));
  EXPECT_FALSE(BuildsKeyNames("return redis.call('zunionstore', KEYS[1], 2, KEYS[2], KEYS[3])"));
  EXPECT_FALSE(BuildsKeyNames("return redis.call('xread', 'COUNT', 10, 'STREAMS', KEYS[1], KEYS[2], '0', '0')"));
  EXPECT_FALSE(BuildsKeyNames("return redis.call('hset', KEYS[1], unpack(ARGV))"));
  EXPECT_FALSE(BuildsKeyNames("return redis.call('sort', KEYS[1], 'BY', 'nosort', 'GET', '#', 'STORE', KEYS[2])"));
}

TEST(ScriptCheckTest, PassesAScriptThatNamesNoKey) {
  EXPECT_FALSE(BuildsKeyNames(""));
  EXPECT_FALSE(BuildsKeyNames("return 1"));
  EXPECT_FALSE(BuildsKeyNames("local t = redis.call('TIME') return t[1] .. '.' .. t[2]"));
  EXPECT_FALSE(BuildsKeyNames("return redis.call 'PING'"));
  EXPECT_FALSE(BuildsKeyNames("redis.call('publish', 'channel:' .. ARGV[1], ARGV[2])"));
  EXPECT_FALSE(BuildsKeyNames("return redis.sha1hex('x' .. ARGV[1])"));
  EXPECT_FALSE(BuildsKeyNames("redis.call('module.unknown', 'name')"));
}

TEST(ScriptCheckTest, FindsALiteralName) {
  EXPECT_TRUE(BuildsKeyNames("return redis.call('get', 'counter')"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call(\"GET\", [[counter]])"));
  EXPECT_TRUE(BuildsKeyNames("redis.call('set', KEYS[1], 1) redis.pcall('del', [==[other]==])"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('mget', KEYS[1], 'other')"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('mset', KEYS[1], 'v', 'other', 'v')"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('zunionstore', KEYS[1], 2, KEYS[2], 'other')"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('xread', 'STREAMS', KEYS[1], 'other', '0', '0')"));
  EXPECT_TRUE(BuildsKeyNames("local key = KEYS[1] or 'other' return redis.call('get', key)"));
  EXPECT_TRUE(BuildsKeyNames("for i = 1, 3 do redis.call('incr', i) end"));
  EXPECT_TRUE(BuildsKeyNames("return server.call('get', 'counter')"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('xgroup', 'CREATE', 'stream', ARGV[1], '$')"));
}

TEST(ScriptCheckTest, FindsAJoinedName) {
  EXPECT_TRUE(BuildsKeyNames("return redis.call('get', KEYS[1] .. ':lock')"));
  EXPECT_TRUE(BuildsKeyNames("local k = 'user:' .. ARGV[1]; return redis.call('get', k)"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('get', string.format('%s:%s', KEYS[1], ARGV[1]))"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('get', ('%s:x'):format(KEYS[1]))"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('get', table.concat({KEYS[1], 'x'}, ':'))"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('get', KEYS[1]:sub(1, 4))"));
}

TEST(ScriptCheckTest, FindsANameFromDataOrArguments) {
  EXPECT_TRUE(BuildsKeyNames("return redis.call('get', ARGV[1])"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('del', unpack(ARGV))"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('mset', KEYS[1], 'v', unpack(ARGV))"));
  EXPECT_TRUE(BuildsKeyNames("local id = redis.call('lpop', KEYS[1]) return redis.call('hgetall', id)"));
  EXPECT_TRUE(BuildsKeyNames("local o = cjson.decode(ARGV[1]) return redis.call('get', o.key)"));
  EXPECT_TRUE(BuildsKeyNames("local o = cmsgpack.unpack(ARGV[1]) local p = o['p'] return redis.call('get', p)"));
  EXPECT_TRUE(BuildsKeyNames("for w in string.gmatch(ARGV[1], '%S+') do redis.call('del', w) end"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call(unpack(ARGV))"));
}

TEST(ScriptCheckTest, FindsACommandThatReadsTheKeyspace) {
  EXPECT_TRUE(BuildsKeyNames("return redis.call('keys', ARGV[1])"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('SCAN', 0)"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('randomkey')"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('sort', KEYS[1], 'BY', 'weight_*')"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('sort', KEYS[1], 'GET', ARGV[1])"));
  EXPECT_TRUE(BuildsKeyNames("return redis.call('sort', KEYS[1], 'STORE', 'x')"));
}

TEST(ScriptCheckTest, FollowsLocalsAndLoops) {
  EXPECT_FALSE(BuildsKeyNames("local a, b = KEYS[1], KEYS[2] redis.call('rename', a, b)"));
  EXPECT_FALSE(BuildsKeyNames("local a, b = unpack(KEYS) redis.call('rename', a, b)"));
  EXPECT_TRUE(BuildsKeyNames("local a, b = KEYS[1], ARGV[1] redis.call('rename', a, b)"));
  EXPECT_FALSE(BuildsKeyNames("for _, k in ipairs(KEYS) do redis.call('del', k) end"));
  EXPECT_TRUE(BuildsKeyNames("for _, k in ipairs(ARGV) do redis.call('del', k) end"));
  EXPECT_FALSE(BuildsKeyNames("for i = 1, #KEYS do redis.call('incrby', KEYS[i], ARGV[i]) end"));
  EXPECT_FALSE(BuildsKeyNames("local t = {} for i, k in ipairs(KEYS) do t[i] = k end redis.call('del', unpack(t))"));
  EXPECT_FALSE(BuildsKeyNames("local t = {KEYS[1]} table.insert(t, KEYS[2]) redis.call('del', unpack(t))"));
  EXPECT_TRUE(BuildsKeyNames("local t = {KEYS[1]} table.insert(t, ARGV[2]) redis.call('del', unpack(t))"));
  EXPECT_TRUE(BuildsKeyNames("local t = {} t.name = 'x:' .. ARGV[1] redis.call('del', t.name)"));
  EXPECT_TRUE(BuildsKeyNames("local k = KEYS[1] if ARGV[1] then k = k .. ':x' end redis.call('del', k)"));
  EXPECT_FALSE(BuildsKeyNames("local k = ARGV[1] == 'a' and KEYS[1] or KEYS[2] redis.call('del', k)"));
  // What comes later in the text counts too.
  EXPECT_TRUE(BuildsKeyNames("local k = KEYS[1] while true do redis.call('del', k) k = k .. 'x' end"));
}

TEST(ScriptCheckTest, FollowsFunctions) {
  EXPECT_FALSE(BuildsKeyNames("local function get(k) return redis.call('get', k) end return get(KEYS[1])"));
  EXPECT_TRUE(BuildsKeyNames("local function get(k) return redis.call('get', k) end return get('x:' .. ARGV[1])"));
  EXPECT_TRUE(BuildsKeyNames("local function key(id) return 'x:' .. id end return redis.call('get', key(ARGV[1]))"));
  EXPECT_TRUE(BuildsKeyNames("local key = function(id) return KEYS[1] .. id end redis.call('get', key(1))"));
  // A parameter of one function is not the same name elsewhere.
  EXPECT_FALSE(
      BuildsKeyNames("local function log(key) return 'x:' .. key end\n"
                     "local function get(k) return redis.call('get', k) end\n"
                     "local key = KEYS[1] log(ARGV[1]) return get(key)"));
}

TEST(ScriptCheckTest, FollowsOtherNamesOfTheCall) {
  EXPECT_FALSE(BuildsKeyNames("local rcall = redis.call return rcall('get', KEYS[1])"));
  EXPECT_TRUE(BuildsKeyNames("local rcall = redis.call return rcall('get', ARGV[1])"));
  EXPECT_TRUE(BuildsKeyNames("local ok = pcall(redis.call, 'get', 'x')"));
  EXPECT_FALSE(BuildsKeyNames("local ok = pcall(redis.call, 'get', KEYS[1])"));
}

TEST(ScriptCheckTest, TakesAnUnknownNameForAKeyWhereTheScriptUsesKeys) {
  EXPECT_FALSE(BuildsKeyNames("local k = pick(KEYS) redis.call('get', k)"));
  EXPECT_TRUE(BuildsKeyNames("local k = pick() redis.call('get', k)"));
}

TEST(ScriptCheckTest, ReadsCommentsStringsAndShebangs) {
  EXPECT_FALSE(BuildsKeyNames("-- redis.call('get', 'x')\nreturn redis.call('get', KEYS[1])"));
  EXPECT_FALSE(BuildsKeyNames("--[[ redis.call('get', 'x')\n]] return redis.call('get', KEYS[1])"));
  EXPECT_FALSE(BuildsKeyNames("--[==[ ]] redis.call('get', 'x')\n]==] return 1"));
  EXPECT_FALSE(BuildsKeyNames("return \"redis.call('get', 'x') \\\" redis.call('get', 'x')\""));
  EXPECT_FALSE(BuildsKeyNames("#!lua flags=no-writes\nreturn redis.call('get', KEYS[1])"));
  EXPECT_TRUE(BuildsKeyNames("#!lua flags=no-writes\r\nreturn redis.call('get', 'x')"));
  EXPECT_TRUE(BuildsKeyNames("--\nreturn redis.call ( -- why\n 'get' , --[[ a ]] 'x' )"));
  EXPECT_FALSE(BuildsKeyNames("return redis.call('expire', KEYS[1], 1e+3 * 0x10 - .5)"));
}

TEST(ScriptCheckTest, LeavesMalformedScriptsToTheUpstream) {
  for (const char* script : {"redis.call('get', 'x'",
                             "redis.call('get', 'x)",
                             "if x then redis.call('get', 'x')",
                             "--[[ never ends",
                             "end",
                             "redis.call(",
                             "redis.call",
                             "=",
                             "local",
                             "for",
                             "function",
                             "for a, in x",
                             "return",
                             "[",
                             "local x = = y",
                             "a[",
                             "table.insert(",
                             "KEYS..",
                             "{",
                             "'\\"}) {
    EXPECT_FALSE(BuildsKeyNames(script)) << script;
  }
  EXPECT_FALSE(BuildsKeyNames(std::string(100'000, '(')));
  EXPECT_FALSE(BuildsKeyNames("x = " + std::string(100'000, '-') + "1"));
}

// The shapes of what libraries send: a lock is released, a window counts, a counter starts with an expiry.
TEST(ScriptCheckTest, PassesLocksAndLimiters) {
  EXPECT_FALSE(BuildsKeyNames(R"(
    -- release, if it is still ours
    if redis.call("get", KEYS[1]) == ARGV[1] then
      return redis.call("del", KEYS[1])
    else
      return 0
    end)"));
  EXPECT_FALSE(BuildsKeyNames(R"(
    for i, key in ipairs(KEYS) do
      if redis.call("GET", key) ~= ARGV[1] then return 0 end
    end
    for i, key in ipairs(KEYS) do redis.call("PEXPIRE", key, tonumber(ARGV[2])) end
    return #KEYS)"));
  EXPECT_FALSE(BuildsKeyNames(R"(
    local window = tonumber(ARGV[2])
    local now = redis.call('TIME')
    local start = (now[1] - window) * 1000 + math.floor(now[2] / 1000)
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', start)
    local used = redis.call('ZCARD', KEYS[1])
    if used < tonumber(ARGV[1]) then
      redis.call('ZADD', KEYS[1], now[1], now[1] .. '-' .. now[2])
      redis.call('EXPIRE', KEYS[1], window)
      return {1, used + 1}
    end
    return {0, used})"));
  EXPECT_FALSE(BuildsKeyNames(R"(
    local tokens_key = KEYS[1]
    local stamp_key = KEYS[2]
    local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
    local left = tonumber(redis.call("get", tokens_key)) or burst
    local seen = tonumber(redis.call("get", stamp_key)) or 0
    local filled = math.min(burst, left + math.max(0, ARGV[3] - seen) * rate)
    local allowed = filled >= 1
    if allowed then filled = filled - 1 end
    redis.call("setex", tokens_key, math.ceil(burst / rate * 2), filled)
    redis.call("setex", stamp_key, math.ceil(burst / rate * 2), ARGV[3])
    return { allowed, filled })"));
  EXPECT_FALSE(BuildsKeyNames(R"(
    local n = redis.call('INCRBY', KEYS[1], ARGV[1])
    if n == tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
    return {n, redis.call('PTTL', KEYS[1])})"));
}

// Job queues: due jobs are moved between declared sets, or the names of jobs are made in the script.
TEST(ScriptCheckTest, TellsQueuesThatDeclareTheirKeysFromThoseThatBuildThem) {
  EXPECT_FALSE(BuildsKeyNames(R"(
    local key, now = KEYS[1], ARGV[1]
    local jobs = redis.call("zrange", key, "-inf", now, "byscore", "limit", 0, 1)
    if jobs[1] then
      redis.call("zrem", key, jobs[1])
      return jobs[1]
    end)"));
  EXPECT_FALSE(BuildsKeyNames(R"(
    local values = redis.call('lrange', KEYS[1], 0, ARGV[1] - 1)
    if #values > 0 then
      redis.call('rpush', KEYS[2], unpack(values))
      redis.call('ltrim', KEYS[1], #values, -1)
    end
    return values)"));
  EXPECT_TRUE(BuildsKeyNames(R"(
    local rcall = redis.call
    local options = cmsgpack.unpack(ARGV[1])
    local prefix = options[1]
    local id = rcall("INCR", KEYS[1])
    local job_key = prefix .. id
    local function store(key, name, data)
      rcall("HMSET", key, "name", name, "data", data)
    end
    store(job_key, ARGV[2], ARGV[3])
    rcall("LPUSH", KEYS[2], id)
    return id)"));
  EXPECT_TRUE(BuildsKeyNames(R"(
    local queues = redis.call('smembers', KEYS[1])
    local total = 0
    for _, queue in ipairs(queues) do
      total = total + redis.call('llen', 'queue:' .. queue)
    end
    return total)"));
}

// A text of a hostile shape must not cost seconds: it is read on a loop.
TEST(ScriptCheckTest, ReadsAHundredKilobytesInBoundedTime) {
  std::string chain;
  std::string calls = "local function f(a, b) return a end ";
  std::string nested;
  for (int i = 0; i < 4'000; ++i) {
    chain += "a" + std::to_string(i) + " = a" + std::to_string(i + 1) + " ";
    calls += "f(f(f(KEYS[1], 2), 3), x" + std::to_string(i) + ") ";
  }
  for (int i = 0; i < 200; ++i) nested += "unpack(";
  nested += "KEYS" + std::string(200, ')');
  std::string many = "x = ";
  for (int i = 0; i < 100; ++i) many += nested + " .. ";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(BuildsKeyNames(chain));
  EXPECT_FALSE(BuildsKeyNames(calls));
  EXPECT_FALSE(BuildsKeyNames(many + "1"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace herdgate::policy
