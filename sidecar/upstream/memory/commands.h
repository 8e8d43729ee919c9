// The commands of the embedded store, one function each, by family; and what they share.
//
// A command function reads call.args, changes call.store, and writes exactly one reply (pub/sub: one per channel).
// Semantics, order of checks and error texts are those of Redis 7.0.15.
// Threads: the store's loop.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sidecar/upstream/memory/store.h"

namespace herdgate::upstream::memory {

struct Call {
  Store& store;
  Client& client;
  const CommandRow& row;
  std::span<const std::string_view> args;
  ReplyWriter& reply;

  Keyspace& keys() { return store.keys(); }
  int db() const { return client.db; }
};

namespace commands {

inline constexpr std::string_view kOutOfMemory = "OOM command not allowed when used memory > 'maxmemory'.";
inline constexpr std::string_view kSyntaxError = "ERR syntax error";
inline constexpr std::string_view kNotInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kBadDatabase = "ERR DB index is out of range";
inline constexpr std::string_view kTooLong = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";

// Each answers the error itself and returns false where the argument is bad.
bool ReadInteger(Call& call, std::size_t at, std::int64_t& value, std::string_view error = kNotInteger);
bool ReadInt32(Call& call, std::size_t at, int& value, std::string_view error = {});
bool ReadDatabase(Call& call, std::size_t at, int& db);
// Turns an EX, PX, EXAT or PXAT argument into an absolute time.
bool ReadExpiry(Call& call, std::string_view argument, bool seconds, bool absolute, Milliseconds& at);
void WrongCount(Call& call);
void WrongSubcommandCount(Call& call);

// strings
void Get(Call& call);
void Set(Call& call);
void SetEx(Call& call);
void PSetEx(Call& call);
void SetNx(Call& call);
void GetSet(Call& call);
void GetDel(Call& call);
void GetEx(Call& call);
void MGet(Call& call);
void MSet(Call& call);
void MSetNx(Call& call);
void Append(Call& call);
void StrLen(Call& call);
void GetRange(Call& call);
void SetRange(Call& call);
// counters and bits
void Incr(Call& call);
void Decr(Call& call);
void IncrBy(Call& call);
void DecrBy(Call& call);
void IncrByFloat(Call& call);
void SetBit(Call& call);
void GetBit(Call& call);
void BitCount(Call& call);
// keys
void Del(Call& call);
void Exists(Call& call);
void Touch(Call& call);
void Type(Call& call);
void Rename(Call& call);
void RenameNx(Call& call);
void Copy(Call& call);
void Move(Call& call);
void RandomKey(Call& call);
void ObjectEncoding(Call& call);
void ObjectFreq(Call& call);
void ObjectIdleTime(Call& call);
void ObjectRefCount(Call& call);
void MemoryUsage(Call& call);
// expiry
void Expire(Call& call);
void PExpire(Call& call);
void ExpireAt(Call& call);
void PExpireAt(Call& call);
void Ttl(Call& call);
void PTtl(Call& call);
void ExpireTime(Call& call);
void PExpireTime(Call& call);
void Persist(Call& call);
// databases
void Keys(Call& call);
void Scan(Call& call);
void DbSize(Call& call);
void FlushDb(Call& call);
void FlushAll(Call& call);
void SwapDb(Call& call);
void Select(Call& call);
// transactions
void Multi(Call& call);
void Exec(Call& call);
void Discard(Call& call);
void Watch(Call& call);
void Unwatch(Call& call);
// pub/sub
void Subscribe(Call& call);
void PSubscribe(Call& call);
void SSubscribe(Call& call);
void Unsubscribe(Call& call);
void PUnsubscribe(Call& call);
void SUnsubscribe(Call& call);
void Publish(Call& call);
void SPublish(Call& call);
void PubSubChannels(Call& call);
void PubSubNumPat(Call& call);
void PubSubNumSub(Call& call);
void PubSubShardChannels(Call& call);
void PubSubShardNumSub(Call& call);
// connection
void Ping(Call& call);
void Echo(Call& call);
void Hello(Call& call);
void Auth(Call& call);
void Reset(Call& call);
void Quit(Call& call);
void ClientId(Call& call);
void ClientInfo(Call& call);
void ClientList(Call& call);
void ClientSetName(Call& call);
void ClientGetName(Call& call);
void ClientSetInfo(Call& call);
void ClientNoEvict(Call& call);
void ClientNoTouch(Call& call);
void ClientGetRedir(Call& call);
void ClientUnblock(Call& call);
// server
void Info(Call& call);
void CommandAll(Call& call);
void CommandCount(Call& call);
void CommandInfo(Call& call);
void CommandDocs(Call& call);
void CommandList(Call& call);
void ConfigGet(Call& call);
void ConfigSet(Call& call);
void ConfigResetStat(Call& call);
void Time(Call& call);
void LastSave(Call& call);
void Wait(Call& call);
void Role(Call& call);
void Lolwut(Call& call);
void NoCluster(Call& call);

}  // namespace commands
}  // namespace herdgate::upstream::memory
