// The longer texts that scripts draw from: Lua, function libraries and their names.
#pragma once

#include <string_view>

namespace herdgate::differential {

// Each works with KEYS[1] and ARGV[1], and without: then it fails, which is a reply too.
inline constexpr std::string_view kScripts[] = {
    "return 1",
    "return {1,{2,{3,'four'}},false,'five',{ok='six'}}",
    "return redis.call('get',KEYS[1])",
    "return redis.call('set',KEYS[1],ARGV[1])",
    "return redis.pcall('lpush',KEYS[1],ARGV[1])",
    "return {double=1.5}",
    "return redis.error_reply('ERR made by a script')",
    "return redis.status_reply('made by a script')",
    "redis.setresp(3); return redis.call('hgetall',KEYS[1])",
    "redis.setresp(3); return {map={a=1}, set={b=true}, 3, true}",
    "redis.setresp(3); return redis.call('zscore',KEYS[1],'m1')",
    "return {set={only=true}}",
    "return {map={only='x'}}",
    "return string.rep('x',300000)",
    "local t={} for i=1,3000 do t[i]='element '..i end return t",
    "return {KEYS[1],ARGV[1],#KEYS,#ARGV}",
    "return redis.call('nosuchcommand')",
    "return redis.call('get')",
    "this is no Lua",
    "return redis.sha1hex(ARGV[1])",
    "return cjson.encode({1,2,3})",
    "return redis.call('restore',KEYS[1]..'-copy',0,redis.call('dump',KEYS[1]),'replace')",
    "return redis.call('sort',KEYS[1],'alpha')",
    "#!lua flags=no-writes\nreturn redis.call('set',KEYS[1],'x')",
    "#!lua flags=no-such\nreturn 1",
    "return redis.call('blpop',KEYS[1],0)",
    "return {big_number='12345678901234567890'}",
    "return 3.99",
    "return {1,nil,3}",
    "return redis.call('xrange',KEYS[1],'-','+')",
    "return redis.call('ping').ok",
    "return ''",
};

// SHA-1 of the first four scripts, one in capitals, and three that nobody loads.
inline constexpr std::string_view kScriptHashes[] = {
    "e0e1f9fabfc9d4800c877a703b823ac0578ff8db",
    "6608e8479f977cd591df6f6c6578b7e3bb64bde4",
    "fd758d1589d044dd850a6f05d52f2eefd27f033f",
    "c686f316aaf1eb01d5a4de1b0b63cd233010e63d",
    "E0E1F9FABFC9D4800C877A703B823AC0578FF8DB",
    "ffffffffffffffffffffffffffffffffffffffff",
    "",
    "nothash",
};

inline constexpr std::string_view kLibraries[] = {
    "#!lua name=first\nredis.register_function('one', function(keys,args) return {keys[1],args[1]} end)",
    "#!lua name=second\nredis.register_function{function_name='two', callback=function(keys,args) return "
    "redis.call('get',keys[1]) end,"
    " flags={'no-writes'}}\nredis.register_function('three', function(keys,args) return "
    "redis.call('set',keys[1],args[1]) end)",
    "#!lua name=third\nredis.register_function('four', function() redis.setresp(3) return {map={a=1.5}} end)",
    "#!lua name=broken\nnothing registered here",
    "#!nosuchengine name=x\n",
    "no shebang",
};

inline constexpr std::string_view kFunctions[] = {"one", "two", "three", "four", "nothing"};

}  // namespace herdgate::differential
