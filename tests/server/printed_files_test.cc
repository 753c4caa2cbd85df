// The program prints conf/larder.conf and docs/configuration.md; these tests fail when they are out
// of date. To print them again:
//
//   larder-server --print-config > conf/larder.conf
//   larder-server --print-config-docs > docs/configuration.md

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "larder/server/configuration.h"

namespace larder::server {
namespace {

// Tests run from the top of the tree.
std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(PrintedFiles, TheConfigurationFileMatchesTheDirectives) {
  EXPECT_EQ(contents("conf/larder.conf"), Configuration().registry.print_file());
}

TEST(PrintedFiles, TheReferenceMatchesTheDirectives) {
  EXPECT_EQ(contents("docs/configuration.md"), Configuration().registry.print_reference());
}

TEST(PrintedFiles, TheConfigurationFileCanBeLoadedAndChangesNothing) {
  Configuration loaded;
  config::Sources sources;
  sources.file = "conf/larder.conf";
  const auto done = loaded.registry.load(sources);
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(loaded.registry.print_file(), Configuration().registry.print_file());
}

}  // namespace
}  // namespace larder::server
