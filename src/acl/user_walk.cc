#include "larder/acl/user_walk.h"

#include "larder/acl/directory.h"

namespace larder::acl {

UserWalk::UserWalk(Directory& directory)
    : directory_(directory), next_walk_(directory.first_walk_) {
  if (next_walk_ != nullptr) next_walk_->previous_walk_ = this;
  directory.first_walk_ = this;
}

UserWalk::~UserWalk() {
  (previous_walk_ == nullptr ? directory_.first_walk_ : previous_walk_->next_walk_) = next_walk_;
  if (next_walk_ != nullptr) next_walk_->previous_walk_ = previous_walk_;
}

const User* UserWalk::next() {
  const auto users = directory_.users();
  return at_ == users.size() ? nullptr : users[at_++].get();
}

}  // namespace larder::acl
