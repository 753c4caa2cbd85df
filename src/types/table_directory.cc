#include "larder/types/table_directory.h"

#include <algorithm>

namespace larder::types::detail {
namespace {

constexpr unsigned kFirstNodeBits = 12;
constexpr unsigned kNodeBits = 6;
// Number of words of the first node whose nodes are released in one step.
constexpr std::uint32_t kReleasedWords = 16;

std::uint64_t* new_words(Account& account, unsigned bits) {
  return static_cast<std::uint64_t*>(account.allocate(sizeof(std::uint64_t) << bits));
}

void release_words(Account& account, std::uint64_t node) {
  account.release(words_of(node), sizeof(std::uint64_t) << node_bits(node));
}

void release_nodes(Account& account, std::uint64_t word) {
  if (!is_node(word)) return;
  const std::uint64_t* words = words_of(word);
  for (std::uint64_t i = 0; i < std::uint64_t{1} << node_bits(word); ++i) {
    release_nodes(account, words[i]);
  }
  release_words(account, word);
}

// Whether a segment or node in this node has at least its depth. A shallower one is in both words
// of a pair.
bool needs_its_depth(std::uint64_t node, unsigned end) {
  const std::uint64_t* words = words_of(node);
  for (std::uint64_t i = 0; i < std::uint64_t{1} << node_bits(node); i += 2) {
    if (is_node(words[i]) || depth_of(words[i]) == end) return true;
  }
  return false;
}

}  // namespace

Directory::Way Directory::way_to(std::uint64_t position) {
  Way way;
  way.leaf = &root_;
  while (is_node(*way.leaf)) {
    way.node = way.leaf;
    way.begin = way.end;
    way.end += node_bits(*way.node);
    way.leaf = words_of(*way.node) + ((position << way.begin) >> node_shift(*way.node));
  }
  return way;
}

void Directory::assign(std::uint64_t position, std::uint64_t leaf) {
  const Way way = way_to(position);
  if (way.node == nullptr) {
    root_ = leaf;
    return;
  }
  std::uint64_t* words = words_of(*way.node);
  const std::uint64_t copies = std::uint64_t{1} << (way.end - depth_of(leaf));
  const auto index = static_cast<std::uint64_t>(way.leaf - words) & ~(copies - 1);
  std::fill_n(words + index, copies, leaf);
}

void Directory::split(Account account, std::uint64_t position, std::uint64_t lower,
                      std::uint64_t upper) {
  const Way way = way_to(position);
  if (way.end < depth_of(lower)) deepen(account, way);
  const std::uint64_t half = std::uint64_t{1} << (64 - depth_of(lower));
  assign(position & ~half, lower);
  assign(position | half, upper);
}

// One bit more for the node, or a node of one bit below it.
void Directory::deepen(Account account, const Way& way) {
  const unsigned bits = way.end - way.begin;
  if (bits == 0 || bits == (way.begin == 0 ? kFirstNodeBits : kNodeBits)) {
    std::uint64_t* words = new_words(account, 1);
    words[0] = words[1] = *way.leaf;
    *way.leaf = node_word(words, 1);
    return;
  }
  std::uint64_t* words = new_words(account, bits + 1);
  const std::uint64_t* narrow = words_of(*way.node);
  for (std::uint64_t i = 0; i < std::uint64_t{2} << bits; ++i) words[i] = narrow[i / 2];
  release_words(account, *way.node);
  *way.node = node_word(words, bits + 1);
}

void Directory::merge(Account account, std::uint64_t position, std::uint64_t whole) {
  assign(position, whole);
  const Way way = way_to(position);
  if (!needs_its_depth(*way.node, way.end)) flatten(account, way);
}

// One bit less for the node, or none and no node.
void Directory::flatten(Account account, const Way& way) {
  const std::uint64_t wide = *way.node;
  const unsigned bits = node_bits(wide) - 1;
  if (bits == 0) {
    *way.node = words_of(wide)[0];
  } else {
    std::uint64_t* words = new_words(account, bits);
    for (std::uint64_t i = 0; i < std::uint64_t{1} << bits; ++i) words[i] = words_of(wide)[2 * i];
    *way.node = node_word(words, bits);
  }
  release_words(account, wide);
}

std::uint32_t Directory::release_some(Account account, std::uint32_t first) {
  if (!is_node(root_)) {
    root_ = empty_leaf(0);
    return 0;
  }
  const std::uint64_t* words = words_of(root_);
  const std::uint32_t end = std::uint32_t{1} << node_bits(root_);
  const std::uint32_t next = std::min(end, first + kReleasedWords);
  for (std::uint32_t i = first; i < next; ++i) release_nodes(account, words[i]);
  if (next < end) return next;
  release_words(account, root_);
  root_ = empty_leaf(0);
  return 0;
}

}  // namespace larder::types::detail
