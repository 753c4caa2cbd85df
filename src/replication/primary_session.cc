#include "primary_session.h"

namespace larder::replication {

// It is the last line of the replies.
std::string PrimarySession::last_error() const {
  if (output_.size() > kMostCopied) return std::string(session_.reply.error_code());
  std::string replies(static_cast<std::size_t>(output_.size()), '\0');
  output_.copy(replies.data());
  if (replies.ends_with("\r\n")) replies.resize(replies.size() - 2);
  const std::size_t line = replies.rfind('\n');
  std::string last = line == std::string::npos ? replies : replies.substr(line + 1);
  if (last.starts_with('-')) last.erase(0, 1);
  return last;
}

}  // namespace larder::replication
