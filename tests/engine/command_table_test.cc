#include "room.h"

namespace larder::engine {
namespace {

struct Tool {
  int used = 0;
};
void use_tool(Call&, Tool& tool) { ++tool.used; }
constexpr Command kTooled[] = {
    {.name = "tooled", .arity = exactly(1), .handler = Handler::of<use_tool>()}};
constexpr Command kOrphan[] = {
    {.name = "no parent", .arity = exactly(1), .handler = Handler::of<test_one>()}};

using Families = std::array<std::span<const Command>, 1>;

std::string failure(std::span<const std::span<const Command>> families, const Toolbox& tools) {
  try {
    CommandTable table(families, tools);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(CommandTable, RequiresAllToolsThatHandlersUse) {
  const Families families{kTooled};
  EXPECT_THAT(failure(families, Toolbox()), testing::HasSubstr("'tooled'"));
  Tool tool;
  Toolbox tools;
  tools.lend(tool);
  EXPECT_EQ(failure(families, tools), "");
}

TEST(CommandTable, RejectsTwoCommandsWithTheSameName) {
  const std::array<std::span<const Command>, 2> families{test_rows(), test_rows()};
  EXPECT_THAT(failure(families, Toolbox()), testing::HasSubstr("'box'"));
}

TEST(CommandTable, RejectsASubcommandWithoutItsContainer) {
  EXPECT_THAT(failure(Families{kOrphan}, Toolbox()), testing::HasSubstr("'no parent'"));
}

struct CommandNames : testing::Test {
  Families families{test_rows()};
  CommandTable table{families, Toolbox()};
};

TEST_F(CommandNames, AreFoundInAnyLetterCase) {
  ASSERT_NE(table.find("GeT"), nullptr);
  EXPECT_EQ(table.find("GeT")->name, "get");
  EXPECT_EQ(table.find("Box|ONE")->full_name(), "box|one");
  EXPECT_EQ(table.find("box|two"), nullptr);
  EXPECT_EQ(table.find(""), nullptr);
  EXPECT_EQ(table.find("ge"), nullptr);
  EXPECT_EQ(table.find("gett"), nullptr);
  EXPECT_EQ(table.find(std::string_view("get\0", 4)), nullptr);
}

TEST_F(CommandNames, AreSorted) {
  const auto sorted = table.commands();
  EXPECT_TRUE(std::is_sorted(sorted.begin(), sorted.end(),
                             [](const auto* a, const auto* b) { return a->name < b->name; }));
  EXPECT_EQ(sorted.size(), 14u);
}

TEST_F(CommandNames, ChangeByRename) {
  ASSERT_TRUE(table.rename("get", "Fetch"));
  EXPECT_EQ(table.find("get"), nullptr);
  EXPECT_EQ(table.find("FETCH")->row->name, "get");
  EXPECT_EQ(table.commands().size(), 14u);
}

TEST_F(CommandNames, AreRemovedByRenameToEmpty) {
  ASSERT_TRUE(table.rename("get", ""));
  EXPECT_EQ(table.find("get"), nullptr);
  EXPECT_EQ(table.commands().size(), 13u);
  const auto again = table.rename("get", "x");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().text, "No such command in rename-command");
}

TEST_F(CommandNames, CannotBeUsedTwice) {
  const auto renamed = table.rename("get", "SET");
  ASSERT_FALSE(renamed);
  EXPECT_EQ(renamed.error().text, "Target command name already exists");
  EXPECT_EQ(table.find("get")->row->name, "get");
}

TEST_F(CommandNames, RenamedContainersKeepTheirSubcommands) {
  ASSERT_TRUE(table.rename("box", "case"));
  ASSERT_NE(table.find("case|one"), nullptr);
  EXPECT_EQ(table.find("box|one"), nullptr);
}

TEST_F(CommandNames, AreShownAsWritten) {
  ASSERT_TRUE(table.rename("box", "case"));
  EXPECT_EQ(table.find("case|one")->full_name(), "box|one");
  EXPECT_EQ(table.find_original("BOX|one"), table.find("case|one"));
  ASSERT_TRUE(table.rename("get", ""));
  ASSERT_NE(table.find_original("get"), nullptr);
  EXPECT_EQ(table.all()[table.find_original("get")->id].get(), table.find_original("get"));
}

constexpr Command kAbsentRows[] = {
    {.name = "gone", .arity = exactly(1), .flags = kWrites | kAbsent},
    {.name = "chest", .arity = at_least(2), .flags = kContainer | kAbsent},
    {.name = "chest lid", .arity = exactly(2), .flags = kAbsent},
};

struct AbsentCommandNames : testing::Test {
  std::array<std::span<const Command>, 2> families{test_rows(), kAbsentRows};
  CommandTable table{families, Toolbox()};
};

TEST_F(AbsentCommandNames, CannotBeCalled) {
  EXPECT_EQ(table.find("gone"), nullptr);
  EXPECT_EQ(table.find("chest|lid"), nullptr);
  EXPECT_EQ(table.commands().size(), 14u);
  const std::vector<std::string_view> words = {"gone"};
  EXPECT_EQ(table.resolve(words), nullptr);
}

TEST_F(AbsentCommandNames, AreFoundAsWritten) {
  ASSERT_NE(table.find_original("GONE"), nullptr);
  EXPECT_TRUE(table.find_original("gone")->is_absent());
  ASSERT_NE(table.find_original("chest|lid"), nullptr);
  EXPECT_EQ(table.find_original("chest|lid")->parent, table.find_original("chest"));
}

TEST_F(AbsentCommandNames, CanBeRenamedAndRemainUnavailable) {
  EXPECT_TRUE(table.rename("GONE", "here"));
  EXPECT_EQ(table.find("here"), nullptr);
  EXPECT_EQ(table.rename("gone", "").error().text, "No such command in rename-command");
  EXPECT_EQ(table.rename("get", "chest").error().text, "Target command name already exists");
  EXPECT_TRUE(table.rename("chest", ""));
  EXPECT_TRUE(table.rename("get", "chest"));
}

TEST_F(AbsentCommandNames, CannotBeThoseOfAvailableCommands) {
  constexpr Command kTwice[] = {{.name = "get", .arity = exactly(1), .flags = kAbsent}};
  const std::array<std::span<const Command>, 2> twice{test_rows(), kTwice};
  EXPECT_THAT(failure(twice, Toolbox()), testing::HasSubstr("'get'"));
}

TEST_F(CommandNames, KeepStatisticsUntilReset) {
  table.find("get")->stats.calls = 5;
  table.reset_stats();
  EXPECT_EQ(table.find("get")->stats.calls, 0u);
}

}  // namespace
}  // namespace larder::engine
