#include <cstring>

#include "larder/keyspace/database.h"
#include "larder/memory/pages.h"

namespace larder::keyspace {

void Edit<types::String>::number(std::int64_t value) {
  if (entry_->form() == Form::integer) return entry_.integer(value);
  types::String::Scratch scratch;
  const std::string_view digits = base::print_int64(value, scratch);
  // put() opens the entry itself, and logs the change.
  db_.count_volatile(*entry_);
  entry_ = OpenEntry();
  db_.put(key_, digits, Deadline::kept(), event_);
  discarded_ = true;
}

void Edit<types::String>::append(std::string_view bytes) {
  const std::size_t before = size();
  char* text = resize(before + bytes.size(), Contents::bytes);
  std::memcpy(text + before, bytes.data(), bytes.size());
}

void Edit<types::String>::overwrite(std::size_t offset, std::string_view bytes) {
  const std::size_t before = size();
  const std::size_t gap = offset - std::min(offset, before);
  const Contents most = gap > bytes.size() ? Contents::zeros : Contents::bytes;
  char* text = resize(std::max(before, offset + bytes.size()), most);
  if (gap > 0) memory::write_zeros(text + before, gap);
  std::memcpy(text + offset, bytes.data(), bytes.size());
}

char* Edit<types::String>::bytes(std::size_t size) {
  const std::size_t before = this->size();
  char* text = resize(size, Contents::zeros);
  if (size > before) memory::write_zeros(text + before, size - before);
  return text;
}

char* Edit<types::String>::resize(std::size_t size, Contents contents) {
  if (entry_->form() == Form::storage && size > Entry::kMostInside) {
    types::Blob* const blob =
        resize_blob(static_cast<types::Blob*>(entry_.storage()), size, contents);
    entry_.storage(blob);
    entry_.mark_edited();
    db_.note_size(entry_.get(), key_.hash);
    return blob->data();
  }
  if (entry_->form() == Form::inside && size <= Entry::kMostInside) {
    const std::size_t grown = entry_->block_bytes() - entry_->inside().size() + size;
    if (memory::dataset_class(grown) == memory::dataset_class(entry_->block_bytes())) {
      entry_.inside_size(size);
      entry_.mark_edited();
      db_.note_size(entry_.get(), key_.hash);
      return entry_.inside_data();
    }
  }
  types::String::Scratch scratch;
  return resize_into_new(entry_->string().text(scratch), size, contents);
}

// If a large blob must move, the old one is freed in steps.
types::Blob* Edit<types::String>::resize_blob(types::Blob* blob, std::size_t size,
                                              Contents contents) {
  constexpr auto kOwner = memory::Owner::strings;
  if (blob->footprint() < types::Blob::kLarge) return types::Blob::resize(kOwner, blob, size);
  if (types::Blob::resize_in_place(kOwner, blob, size)) return blob;
  const std::size_t kept = std::min(blob->size(), size);
  types::Blob* const moved =
      types::Blob::create(kOwner, size, contents == Contents::bytes ? size : kept);
  std::memcpy(moved->data(), blob->data(), kept);
  db_.shared_.graveyard.defer_free(types::Type::string, blob);
  return moved;
}

char* Edit<types::String>::resize_into_new(std::string_view old, std::size_t size,
                                           Contents contents) {
  const bool inside = size <= Entry::kMostInside;
  const OpenEntry grown = OpenEntry::create({.key = key_.name,
                                             .deadline_ms = entry_->deadline(),
                                             .form = inside ? Form::inside : Form::storage,
                                             .inside_bytes = inside ? size : 0});
  char* text = nullptr;
  if (inside) {
    text = grown.inside_data();
  } else {
    const std::size_t written = contents == Contents::bytes ? size : 0;
    types::Blob* blob = types::Blob::create(memory::Owner::strings, size, written);
    grown.storage(blob);
    text = blob->data();
  }
  std::memcpy(text, old.data(), std::min(old.size(), size));
  grown.access(entry_->access());
  grown.mark_edited();
  db_.replace(entry_, grown, key_.hash);
  db_.uncount_volatile(*grown);  // the edit goes on with it
  db_.shared_.graveyard.defer_free(entry_);
  entry_ = grown;
  return text;
}

}  // namespace larder::keyspace
