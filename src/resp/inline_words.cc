#include "inline_words.h"

#include "larder/base/words.h"

namespace larder::resp {

std::optional<std::size_t> split_words(std::string_view line, std::string_view* words,
                                       Batch& batch) {
  base::WordSplitter splitter(line);
  std::size_t count = 0;
  char* room = nullptr;
  while (const auto word = splitter.next()) {
    if (!word->is_changed) {
      words[count++] = word->text;
      continue;
    }
    // No word is longer than its text in the line, so the line's length is enough room for all.
    if (room == nullptr) room = batch.text_room(line.size());
    char* const end = word->write(room);
    words[count++] = {room, static_cast<std::size_t>(end - room)};
    room = end;
  }
  if (splitter.failed()) return std::nullopt;
  return count;
}

}  // namespace larder::resp
