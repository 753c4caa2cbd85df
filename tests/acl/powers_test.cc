#include "tests/acl/world.h"

namespace larder::acl {
namespace {

class PowersTest : public testing::Test {
 protected:
  RuleError refused(const std::vector<std::string>& rules, const std::string& last) {
    Powers powers = commands.powers(rules);
    const std::string before = powers.text();
    const RuleError error = powers.apply(last, commands.context);
    EXPECT_EQ(powers.text(), before);
    return error;
  }
  std::string text(const std::vector<std::string>& rules) { return commands.powers(rules).text(); }

  Commands commands;
};

TEST_F(PowersTest, NewUserMayDoNothing) {
  const Powers powers(commands.context);
  EXPECT_EQ(powers.text(), "off sanitize-payload resetchannels -@all");
  EXPECT_EQ(commands.ask(powers, {"read", "a"}), 'c');
  EXPECT_FALSE(powers.may_do_everything());
  const RuleContext open{commands.table, true};
  EXPECT_EQ(Powers(open).text(), "off sanitize-payload &* -@all");
}

TEST_F(PowersTest, UnrestrictedUsersAreRecognized) {
  EXPECT_TRUE(commands.powers({"+@all", "allkeys", "allchannels"}).may_do_everything());
  EXPECT_FALSE(commands.powers({"+@all", "~*"}).may_do_everything());
  EXPECT_FALSE(commands.powers({"+@all", "-read", "+read", "~*", "&*"}).may_do_everything());
  EXPECT_TRUE(commands.powers({"+read", "(+@all ~* &*)"}).may_do_everything());
}

TEST_F(PowersTest, RulesMayNameUnavailableCommands) {
  EXPECT_EQ(text({"+@all", "-gone", "-script|load", "+SCRIPT|load", "-@scripting"}),
            "off sanitize-payload resetchannels +@all -gone +script|load -@scripting");
  EXPECT_EQ(refused({}, "+script|nosuch"), RuleError::no_such_command);
  const engine::BoundCommand& load = *commands.table.find_original("script|load");
  Powers powers = commands.powers({"-@all", "+@scripting"});
  EXPECT_TRUE(powers.selectors().front().admits_command(load, {}));
  powers.apply("-script", commands.context);
  EXPECT_FALSE(powers.selectors().front().admits_command(load, {}));
}

TEST_F(PowersTest, CommandRulesApply) {
  const Powers powers = commands.powers({"~*", "+@string", "-write", "+config|get"});
  EXPECT_EQ(commands.ask(powers, {"read", "a"}), '+');
  EXPECT_EQ(commands.ask(powers, {"write", "a", "b"}), 'c');
  EXPECT_EQ(commands.ask(powers, {"config", "get", "x"}), '+');
  EXPECT_EQ(commands.ask(powers, {"config", "set", "x", "y"}), 'c');
  EXPECT_EQ(commands.ask(powers, {"auth", "x"}), '+');
  EXPECT_EQ(powers.text(),
            "off sanitize-payload ~* resetchannels -@all +@string -write +config|get");
}

TEST_F(PowersTest, ARuleForACommandAppliesToItsSubcommands) {
  EXPECT_EQ(commands.ask(commands.powers({"+config"}), {"config", "set", "x", "y"}), '+');
  const Powers powers = commands.powers({"+config", "-config|set"});
  EXPECT_EQ(commands.ask(powers, {"config", "set", "x", "y"}), 'c');
  EXPECT_EQ(commands.ask(powers, {"config", "get", "x"}), '+');
}

TEST_F(PowersTest, ARuleWithAFirstArgumentAllowsOnlyThatArgument) {
  const Powers powers = commands.powers({"~*", "+read|one", "+read|Two"});
  EXPECT_EQ(commands.ask(powers, {"read", "ONE"}), '+');
  EXPECT_EQ(commands.ask(powers, {"read", "two", "three"}), '+');
  EXPECT_EQ(commands.ask(powers, {"read", "three"}), 'c');
  EXPECT_EQ(commands.ask(commands.powers({"~*", "+read|one", "-read"}), {"read", "one"}), 'c');
}

TEST_F(PowersTest, RulesWithoutEffectAreDropped) {
  EXPECT_EQ(text({"+read", "+config|get", "+config|set", "-config", "+READ"}),
            "off sanitize-payload resetchannels -@all -config +read");
  EXPECT_EQ(text({"+read", "-@fast", "+@Fast"}),
            "off sanitize-payload resetchannels -@all +read +@fast");
  EXPECT_EQ(text({"+@all", "-read", "-@all", "+write"}),
            "off sanitize-payload resetchannels -@all +write");
}

TEST_F(PowersTest, ReadAndWritePermissionsOfKeysAreSeparate) {
  const Powers powers = commands.powers({"+@all", "%R~in:*", "%W~out:*", "%RW~both", "~own:*"});
  EXPECT_EQ(commands.ask(powers, {"read", "in:1"}), '+');
  EXPECT_EQ(commands.ask(powers, {"read", "out:1"}), 'k');
  EXPECT_EQ(commands.ask(powers, {"write", "in:1", "x"}), 'k');
  EXPECT_EQ(commands.ask(powers, {"write", "out:1", "x"}), '+');
  EXPECT_EQ(commands.ask(powers, {"copy", "in:1", "out:1"}), '+');
  EXPECT_EQ(commands.ask(powers, {"copy", "own:1", "both"}), '+');
  EXPECT_EQ(commands.ask(powers, {"copy", "out:1", "in:1"}), 'k');
  EXPECT_EQ(commands.ask(powers, {"exists", "out:1"}), '+');
  EXPECT_EQ(commands.ask(powers, {"exists", "else"}), 'k');
  EXPECT_EQ(powers.text(),
            "off sanitize-payload %R~in:* %W~out:* ~both ~own:* resetchannels +@all");
}

TEST_F(PowersTest, EqualPatternsAreMerged) {
  EXPECT_EQ(text({"%R~a", "%W~a", "~b", "%R~b"}), "off sanitize-payload ~a ~b resetchannels -@all");
  EXPECT_EQ(text({"&a", "&a"}), "off sanitize-payload resetchannels &a -@all");
}

TEST_F(PowersTest, ChannelsAreMatchedByPatternAndPatternsByEquality) {
  const Powers powers = commands.powers({"+@all", "&news.*"});
  EXPECT_EQ(commands.ask(powers, {"publish", "news.1", "x"}), '+');
  EXPECT_EQ(commands.ask(powers, {"publish", "olds", "news.1"}), 'n');
  EXPECT_EQ(commands.ask(powers, {"subscribe", "news.1", "olds"}), 'n');
  EXPECT_EQ(commands.ask(powers, {"psubscribe", "news.*"}), '+');
  EXPECT_EQ(commands.ask(powers, {"psubscribe", "news.1"}), 'n');
}

TEST_F(PowersTest, OneSelectorMustAllowTheWholeCommand) {
  const Powers powers = commands.powers({"+read", "~a", "(+write ~b)"});
  EXPECT_EQ(commands.ask(powers, {"read", "a"}), '+');
  EXPECT_EQ(commands.ask(powers, {"write", "b", "x"}), '+');
  EXPECT_EQ(commands.ask(powers, {"read", "b"}), 'k');
  EXPECT_EQ(commands.ask(powers, {"copy", "a", "b"}), 'c');
  EXPECT_EQ(powers.text(),
            "off sanitize-payload ~a resetchannels -@all +read (~b resetchannels -@all +write)");
  EXPECT_EQ(text({"(+read)", "clearselectors"}), "off sanitize-payload resetchannels -@all");
}

TEST_F(PowersTest, ReportsTheDenialOfTheSelectorThatGotFurthest) {
  const Powers powers = commands.powers({"+read", "~a", "(+read ~a ~b)"});
  const Verdict verdict = commands.check(powers, {"read", "a", "b", "c"});
  EXPECT_EQ(verdict.denied, engine::Denied::key);
  EXPECT_EQ(verdict.position, 3u);
}

TEST_F(PowersTest, ReadingAllKeysRequiresOneSelectorWithCommandAndKeys) {
  const auto may = [this](const std::vector<std::string>& rules) {
    const std::vector<std::string_view> words{"read", "a"};
    return commands.powers(rules).may_read_all_keys(*commands.table.find("read"), words);
  };
  EXPECT_TRUE(may({"+read", "~*"}));
  EXPECT_TRUE(may({"+read", "%R~*"}));
  EXPECT_FALSE(may({"+read", "%W~*", "%R~a"}));
  EXPECT_FALSE(may({"~*"}));
  EXPECT_FALSE(may({"+read", "~a", "(~* +write)"}));
}

TEST_F(PowersTest, PasswordsAreAddedAndRemoved) {
  Powers powers = commands.powers({">one", ">two", ">one", "#" + hash_password("three").text()});
  EXPECT_EQ(powers.passwords().size(), 3u);
  EXPECT_TRUE(powers.accepts(hash_password("two")));
  EXPECT_TRUE(powers.accepts(hash_password("three")));
  EXPECT_FALSE(powers.accepts(hash_password("four")));
  EXPECT_EQ(powers.apply("<two", commands.context), RuleError::none);
  EXPECT_EQ(powers.apply("!" + hash_password("three").text(), commands.context), RuleError::none);
  EXPECT_FALSE(powers.accepts(hash_password("two")));
  EXPECT_EQ(powers.apply("nopass", commands.context), RuleError::none);
  EXPECT_TRUE(powers.accepts(hash_password("whatever")));
  EXPECT_TRUE(powers.passwords().empty());
  EXPECT_EQ(powers.apply("resetpass", commands.context), RuleError::none);
  EXPECT_FALSE(powers.accepts(hash_password("whatever")));
}

TEST_F(PowersTest, ResetRestoresANewUser) {
  EXPECT_EQ(text({"on", ">x", "~*", "&*", "+@all", "(+read)", "skip-sanitize-payload", "reset"}),
            Powers(commands.context).text());
}

TEST_F(PowersTest, WrongRulesChangeNothing) {
  EXPECT_EQ(refused({}, "nosuch"), RuleError::syntax);
  EXPECT_EQ(refused({}, "%X~a"), RuleError::syntax);
  EXPECT_EQ(refused({}, "%RR~a"), RuleError::syntax);
  EXPECT_EQ(refused({}, "%~a"), RuleError::syntax);
  EXPECT_EQ(refused({}, "~a b"), RuleError::syntax);
  EXPECT_EQ(refused({}, "&a\n"), RuleError::syntax);
  EXPECT_EQ(refused({}, "+nosuch"), RuleError::no_such_command);
  EXPECT_EQ(refused({}, "-read|a"), RuleError::no_such_command);
  EXPECT_EQ(refused({}, "+@nosuch"), RuleError::no_such_command);
  EXPECT_EQ(refused({}, "+config|nosuch"), RuleError::no_such_command);
  EXPECT_EQ(refused({}, "+config|get|x"), RuleError::first_argument_of_subcommand);
  EXPECT_EQ(refused({}, "+config|"), RuleError::syntax);
  EXPECT_EQ(refused({}, "+read|a b"), RuleError::syntax);
  EXPECT_EQ(refused({"~*"}, "~a"), RuleError::keys_after_all);
  EXPECT_EQ(refused({"~*"}, "%X~a"), RuleError::keys_after_all);
  EXPECT_EQ(refused({"&*"}, "&a"), RuleError::channels_after_all);
  EXPECT_EQ(refused({">a"}, "<b"), RuleError::no_such_password);
  EXPECT_EQ(refused({}, "#abc"), RuleError::bad_hash);
  EXPECT_EQ(refused({}, "(+read on)"), RuleError::syntax);
  EXPECT_EQ(refused({}, "(+read"), RuleError::syntax);
}

TEST_F(PowersTest, DetectsThatChannelsWereLost) {
  const auto loses = [this](const std::vector<std::string>& before,
                            const std::vector<std::string>& after) {
    return loses_channels(commands.powers(before), commands.powers(after));
  };
  EXPECT_FALSE(loses({"&a"}, {"&b", "&a"}));
  EXPECT_FALSE(loses({"&a"}, {"&b", "(&a)"}));
  EXPECT_FALSE(loses({"&a"}, {"(&*)"}));
  EXPECT_TRUE(loses({"&a"}, {"&b"}));
  EXPECT_TRUE(loses({"&*"}, {"&a"}));
  EXPECT_TRUE(loses({"(&a)"}, {}));
}

TEST(RuleWords, SelectorsSpreadOverWordsAreJoined) {
  const std::vector<std::string_view> words{"on", "(+get", "~a)", "off", "(x)"};
  EXPECT_THAT(join_selectors(words).words, testing::ElementsAre("on", "(+get ~a)", "off", "(x)"));
  const std::vector<std::string_view> open{"on", "(+get", "~a"};
  EXPECT_EQ(join_selectors(open).unclosed, 1u);
}

}  // namespace
}  // namespace larder::acl
