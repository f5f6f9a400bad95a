#include "stratus/agent/unheard.hpp"

#include <algorithm>

namespace stratus::agent {

void Unheard::add(std::uint64_t seq, std::string suffix, std::string body) {
  if (messages_.size() >= kMax) messages_.pop_front();
  messages_.push_back(Message{seq, std::move(suffix), std::move(body), SteadyTime::min()});
}

void Unheard::say_again() {
  for (Message& message : messages_) message.due = SteadyTime::min();
}

std::vector<Unheard::Message> Unheard::take_due(SteadyTime now) {
  std::vector<Message> due;
  for (Message& message : messages_) {
    if (message.due > now) continue;
    message.due = now + kPatience;
    due.push_back(message);
  }
  return due;
}

void Unheard::heard(const wire::Stored& word) {
  const auto answered = [&](const Message& message) {
    const auto is_it = [&](const wire::Stored::Refusal& one) { return one.seq == message.seq; };
    return std::find(word.seqs.begin(), word.seqs.end(), message.seq) != word.seqs.end() ||
           std::any_of(word.refused.begin(), word.refused.end(), is_it);
  };
  std::erase_if(messages_, answered);
}

}  // namespace stratus::agent
