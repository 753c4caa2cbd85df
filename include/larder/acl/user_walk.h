#pragma once

// A walk over the users in pieces, with changes between them: visits each user that stays exactly
// once, in the order of their names, and others at most once.

#include <cstddef>

#include "larder/acl/user.h"

namespace larder::acl {

class Directory;

class UserWalk {
 public:
  explicit UserWalk(Directory& directory);
  ~UserWalk();
  UserWalk(const UserWalk&) = delete;
  UserWalk& operator=(const UserWalk&) = delete;

  // The next one, or null after the last.
  const User* next();
  // Visits again the user that next() has just returned.
  void go_back() { --at_; }

 private:
  friend class Directory;

  Directory& directory_;
  std::size_t at_ = 0;  // the place of the user that is visited next
  UserWalk* previous_walk_ = nullptr;
  UserWalk* next_walk_;
};

}  // namespace larder::acl
