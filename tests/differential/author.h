// Author: writes a script, scene by scene. A scene is a piece of what applications do with a connection: a pipeline, a
// transaction step by step, a subscriber and its publishers, a blocked client and who wakes it.
//
// Pure: the same mode, seed and size give the same script. Threads: one owner.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/random.h"
#include "tests/differential/grammar.h"
#include "tests/differential/mode.h"
#include "tests/differential/policy_case.h"
#include "tests/differential/script.h"
#include "tests/differential/values.h"

namespace herdgate::differential {

class Author {
 public:
  // `policies`: what Herdgate will run with; null: nothing. Must outlive this.
  Author(const Mode& mode, const PolicyCase* policies, uint64_t seed);

  // A script of at least `commands` commands.
  Script Write(std::size_t commands);

 private:
  // scenes.cc
  void Pipeline();
  void Connection();
  void Transaction();
  void Watch();
  void PubSub();
  void Blocking();
  void Wake();
  void Reply();
  void Tracking();
  void User();
  void Hello();
  void Close();
  void Malformed();      // malformed.cc
  void Listing();        // policy_scenes.cc
  void Notifications();  // policy_scenes.cc
  void Hot();            // policy_scenes.cc

  void WriteScene();
  // Parts of scenes.
  std::vector<Command> TransactionCommands();
  void Subscribe(uint32_t client, bool many);
  void AsSubscriber(Event& event, bool many);
  void Publish(uint32_t client);
  void WaitFor(uint32_t client, char type);
  std::string DamagedRequests();
  void Awake(uint32_t client, char type);

  // Building blocks.
  uint64_t Below(uint64_t bound) { return random_.Below(bound); }
  bool OneIn(uint64_t n) { return random_.Below(n) == 0; }
  uint32_t AnyClient() { return static_cast<uint32_t>(Below(script_.clients)); }
  uint32_t OtherClient(uint32_t than);
  Event& Begin(uint32_t client);
  // Known state again, in the protocol of that client.
  void Clean(uint32_t client);
  std::string HelloLine(uint32_t client) const;
  void Add(Event& event, std::string_view line);
  void AddOne(Event& event, std::span<const std::string_view> lines);
  void AddPlain(Event& event, uint64_t count);
  std::string_view PlainLine();
  uint64_t PipelineLength();
  void Bystander(uint32_t not_this);
  // The template as it may be used under the policies: its replies are the same with them; empty: none are.
  std::string_view Allowed(std::string_view line) const;

  const PolicyCase* policies_;
  enum class Inside : uint8_t { kNothing, kTransaction, kPubSub };
  Inside inside_ = Inside::kNothing;  // what Allowed() is asked for
  SceneWeights weights_;
  base::Random random_;
  Values values_;
  Grammar grammar_;
  Script script_;
  std::vector<int> protocols_;
  std::size_t commands_ = 0;
};

}  // namespace herdgate::differential
