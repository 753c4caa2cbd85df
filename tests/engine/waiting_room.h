#pragma once

// Clients that wait for keys, each with its own session.

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "room.h"

namespace larder::engine {

class Waiting : public Room {
 protected:
  using Room::run;

  // A client with its own session.
  struct Client {
    explicit Client(Waiting& room)
        : output(room.pool), session(room.sessions, peer, output, room.clock) {}
    NoPeer peer;
    resp::ReplyBuffer output;
    Session session;
  };

  Client& client() { return *clients.emplace_back(std::make_unique<Client>(*this)); }
  // A client that is blocked in this command.
  Client& waits(const Words& words) {
    Client& made = client();
    run(made, {words});
    EXPECT_TRUE(made.session.is_blocked()) << words[0];
    return made;
  }
  std::size_t run(Client& caller, const std::vector<Words>& batch) {
    std::vector<std::vector<std::string_view>> views;
    for (const Words& words : batch) views.emplace_back(words.begin(), words.end());
    std::vector<resp::Request> requests;
    for (const auto& words : views) requests.push_back({.args = words, .bytes = 0});
    return executor.run(caller.session, requests, std::numeric_limits<std::size_t>::max());
  }
  std::string output_of(Client& caller) { return resp::taken(caller.output); }
  void expect_balance() {
    memory::Auditor auditor;
    auditor.add(waiters);
    EXPECT_TRUE(auditor.run().balanced()) << auditor.run().text();
  }

  std::vector<std::unique_ptr<Client>> clients;
};

}  // namespace larder::engine
