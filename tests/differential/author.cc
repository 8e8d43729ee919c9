#include "tests/differential/author.h"

#include <numeric>

#include "tests/differential/templates.h"

namespace herdgate::differential {
namespace {

constexpr uint32_t kClients = 4;
constexpr uint64_t kSpoilOneIn = 25;
constexpr uint64_t kRareOneIn = 300;
constexpr std::size_t kLongestInline = 2000;  // Redis takes 64 KiB; a quoted byte may take four

// What a client may write between commands, and what is answered with nothing.
constexpr std::string_view kSilent[] = {"\r\n", "\n", "*0\r\n", "*-1\r\n", "   \r\n"};

// Redis lets an empty request use up CLIENT CACHING; Herdgate sends none on.
constexpr std::string_view kCaching = "CLIENT CACHING";

std::size_t Size(const Command& command) {
  return std::accumulate(command.args.begin(), command.args.end(), std::size_t{0},
                         [](std::size_t sum, const Arg& arg) { return sum + arg.size(); });
}

}  // namespace

Author::Author(const Mode& mode, const PolicyCase* policies, uint64_t seed)
    : policies_(policies),
      weights_(mode.weights),
      random_(seed),
      values_(random_, mode.large_one_in),
      grammar_(random_, values_) {
  script_.mode = mode.name;
  if (policies != nullptr) {
    script_.policies = policies->name;
    values_.set_policies(policies->versions, policies->ttls);
    if (policies->reorders_keys() && weights_.malformed == 0) weights_.listing = 8;
    // Not where many clients are blocked: reads behind a blocked command, and writes behind another's, have no order.
    if (policies->near && weights_.malformed == 0 && weights_.wake < 10) weights_.hot = 16;
    if (policies->versions && !policies->ttls && weights_.malformed == 0) weights_.notifications = 4;
  }
  script_.seed = seed;
  script_.clients = kClients;
  for (uint32_t i = 0; i < kClients; ++i) protocols_.push_back(mode.protocol != 0 ? mode.protocol : i % 2 == 0 ? 2 : 3);
}

Script Author::Write(std::size_t commands) {
  Event& first = Begin(0);
  // Redis judges by the names that it sees: under versions it is for the operator to name those.
  Add(first,
      "! ACL SETUSER bob on >pw ~s* ~l* ~{tag}* ~v7:s* ~v7:l* ~v7:{tag}* ~v1:s* ~v2:l* ~v5:{tag}* &chan* +@all "
      "-@dangerous -hget");
  Add(first, "! ACL SETUSER eve on nopass ~* &* +@all -@admin");
  for (uint32_t client = 0; client < kClients; ++client) {
    if (protocols_[client] == 3) Add(Begin(client), "! HELLO 3");
  }
  while (commands_ < commands) WriteScene();
  return std::move(script_);
}

void Author::WriteScene() {
  struct Choice {
    unsigned weight;
    void (Author::*write)();
  };
  const SceneWeights& w = weights_;
  const Choice choices[] = {{w.pipeline, &Author::Pipeline},
                            {w.connection, &Author::Connection},
                            {w.transaction, &Author::Transaction},
                            {w.watch, &Author::Watch},
                            {w.pubsub, &Author::PubSub},
                            {w.blocking, &Author::Blocking},
                            {w.wake, &Author::Wake},
                            {w.reply, &Author::Reply},
                            {w.tracking, &Author::Tracking},
                            {w.user, &Author::User},
                            {w.hello, &Author::Hello},
                            {w.close, &Author::Close},
                            {w.malformed, &Author::Malformed},
                            {w.listing, &Author::Listing},
                            {w.notifications, &Author::Notifications},
                            {w.hot, &Author::Hot}};
  unsigned sum = 0;
  for (const Choice& choice : choices) sum += choice.weight;
  uint64_t dice = Below(sum);
  for (const Choice& choice : choices) {
    if (dice < choice.weight) {
      (this->*choice.write)();
      return;
    }
    dice -= choice.weight;
  }
}

uint32_t Author::OtherClient(uint32_t than) {
  return (than + 1 + static_cast<uint32_t>(Below(script_.clients - 1))) % script_.clients;
}

Event& Author::Begin(uint32_t client) {
  Event& event = script_.events.emplace_back();
  event.client = client;
  event.split_seed = static_cast<uint32_t>(random_.Next());
  return event;
}

std::string Author::HelloLine(uint32_t client) const {
  return "! HELLO " + std::to_string(protocols_[client]);
}

void Author::Clean(uint32_t client) {
  Event& event = Begin(client);
  Add(event, "! RESET");
  if (protocols_[client] == 3) Add(event, HelloLine(client));
}

void Author::Add(Event& event, std::string_view line) {
  line = Allowed(line);
  if (line.empty()) return;
  Command command = grammar_.MakeMaybeSpoiled(line, kSpoilOneIn);
  if (OneIn(40) && Size(command) < kLongestInline) command.form = Command::Form::kInline;
  event.commands.push_back(std::move(command));
  ++commands_;
  if (OneIn(150) && !line.starts_with(kCaching))
    event.commands.push_back({Command::Form::kRaw, {Arg{std::string(kSilent[Below(std::size(kSilent))])}}});
}

void Author::AddOne(Event& event, std::span<const std::string_view> lines) {
  Add(event, lines[Below(lines.size())]);
}

std::string_view Author::PlainLine() {
  if (OneIn(kRareOneIn)) {
    const auto rare = Group("rare").lines;
    return rare[Below(rare.size())];
  }
  unsigned sum = 0;
  for (const TemplateGroup& group : PlainGroups()) sum += group.weight;
  uint64_t dice = Below(sum);
  for (const TemplateGroup& group : PlainGroups()) {
    if (dice < group.weight) return group.lines[Below(group.lines.size())];
    dice -= group.weight;
  }
  return "PING";
}

void Author::AddPlain(Event& event, uint64_t count) {
  // A pipeline of one kind, as applications send them, or of all kinds.
  const std::string_view same = PlainLine();
  const bool one_kind = OneIn(6);
  for (uint64_t i = 0; i < count; ++i) Add(event, one_kind ? same : PlainLine());
}

uint64_t Author::PipelineLength() {
  const uint64_t dice = Below(100);
  if (dice < 30) return 1;
  if (dice < 65) return 2 + Below(9);
  return dice < 94 ? 11 + Below(50) : 61 + Below(140);
}

// Something that another client does meanwhile.
void Author::Bystander(uint32_t not_this) {
  if (OneIn(2)) AddPlain(Begin(OtherClient(not_this)), 1 + Below(6));
}

}  // namespace herdgate::differential
