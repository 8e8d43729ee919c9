#include "sidecar/pipeline/transaction_block.h"

#include "sidecar/resp/request_decoder.h"

namespace herdgate::pipeline {

using command::CommandClass;

std::optional<TransactionBlock> FindTransactionBlock(std::string_view bytes, const command::Table& table,
                                                     const resp::Limits& limits) {
  TransactionBlock block;
  resp::RequestDecoder decoder(limits);
  resp::Request request;
  while (true) {
    switch (decoder.Decode(bytes, request)) {
      case resp::RequestDecoder::Outcome::kRequest:
        break;
      case resp::RequestDecoder::Outcome::kSkip:
        bytes.remove_prefix(decoder.consumed());
        continue;
      default:
        return std::nullopt;
    }
    bytes.remove_prefix(decoder.consumed());
    ++block.commands;
    const command::CommandSpec& spec = *table.Resolve(request.args);
    switch (spec.command_class) {
      case CommandClass::kShared:
        // A pause that begins with EXEC would hold up the lane and whoever shares it.
        if (spec.name == "client|pause") return std::nullopt;
        continue;
      case CommandClass::kBlocking:  // never blocks inside a transaction
      case CommandClass::kMaybeBlocking:
        continue;
      case CommandClass::kSlow:
        block.slow = true;
        continue;
      case CommandClass::kTransaction:
        if ((spec.name == "exec" || spec.name == "discard") && spec.AcceptsCount(request.args.size())) return block;
        return std::nullopt;
      default:
        return std::nullopt;
    }
  }
}

}  // namespace herdgate::pipeline
