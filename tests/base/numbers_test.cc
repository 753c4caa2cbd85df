#include "larder/base/numbers.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "larder/base/rng.h"

namespace larder::base {
namespace {

std::string printed(double value) {
  char out[kDoubleChars];
  return std::string(print_double(value, out));
}

std::string printed_long(long double value) {
  char out[kLongDoubleChars];
  return std::string(print_long_double(value, out));
}

TEST(ParseInt64, AcceptsCanonicalDecimalsOnly) {
  EXPECT_EQ(parse_int64("0"), 0);
  EXPECT_EQ(parse_int64("-1"), -1);
  EXPECT_EQ(parse_int64("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_int64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  for (const char* text :
       {"", "-", "+1", "-0", "00", "01", "-01", " 1", "1 ", "1a", "0x1", "--1",
        "9223372036854775808", "-9223372036854775809", "99999999999999999999999"}) {
    EXPECT_FALSE(parse_int64(text)) << text;
  }
  EXPECT_FALSE(parse_int64(std::string_view("1\0", 2)));
}

TEST(ParseUint64, AcceptsTheWholeRange) {
  EXPECT_EQ(parse_uint64("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_FALSE(parse_uint64("18446744073709551616"));
  EXPECT_FALSE(parse_uint64("-1"));
  EXPECT_FALSE(parse_uint64(""));
}

TEST(PrintInt64, IsParsedAsTheSameNumber) {
  Rng rng(1);
  char out[kInt64Chars];
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<std::int64_t>(rng.next() >> rng.below(64));
    EXPECT_EQ(parse_int64(print_int64(value, out)), value);
    EXPECT_EQ(parse_int64(print_int64(-value, out)), -value);
    EXPECT_EQ(parse_uint64(print_uint64(static_cast<std::uint64_t>(value), out)),
              static_cast<std::uint64_t>(value));
  }
  EXPECT_EQ(print_int64(std::numeric_limits<std::int64_t>::min(), out), "-9223372036854775808");
}

TEST(PrintUint64, HasEveryNumberOfDigits) {
  char out[kInt64Chars];
  EXPECT_EQ(print_uint64(0, out), "0");
  std::string nines;
  std::string one = "1";
  for (std::uint64_t power = 1;; power *= 10) {
    EXPECT_EQ(print_uint64(power, out), one);
    if (one.size() == 20) break;
    one += '0';
    nines += '9';
    EXPECT_EQ(print_uint64(power * 10 - 1, out), nines);
  }
}

TEST(ParseDouble, AcceptsWhatStrtodAccepts) {
  EXPECT_EQ(parse_double("1.5"), 1.5);
  EXPECT_EQ(parse_double("+1"), 1);
  EXPECT_EQ(parse_double(".5"), 0.5);
  EXPECT_EQ(parse_double("5."), 5);
  EXPECT_EQ(parse_double("3.0e3"), 3000);
  EXPECT_EQ(parse_double("0x10"), 16);
  EXPECT_EQ(parse_double("-0x1p-2"), -0.25);
  EXPECT_EQ(parse_double("inf"), INFINITY);
  EXPECT_EQ(parse_double("-Infinity"), -INFINITY);
  EXPECT_EQ(parse_double("5e-324"), 5e-324);
  EXPECT_EQ(parse_double("1" + std::string(300, '0')), 1e300);
  EXPECT_TRUE(std::signbit(*parse_double("-0")));
}

TEST(ParseDouble, RejectsEverythingElse) {
  for (const char* text : {"", " 1", "1 ", "nan", "-nan", "1e400", "-1e400", "1e-400", "1.5x", "x",
                           ".", "e5", "\t1", "1,5"}) {
    EXPECT_FALSE(parse_double(text)) << text;
  }
  EXPECT_FALSE(parse_double(std::string_view("1\0", 2)));
}

TEST(ParseLongDouble, HasAWiderRangeThanDouble) {
  EXPECT_EQ(parse_long_double("1e400"), 1e400L);
  EXPECT_EQ(parse_long_double("1e-400"), 1e-400L);
  EXPECT_EQ(parse_long_double("0x10"), 16);
  for (const char* text : {"", " 1", "1 ", "nan", "1e5000", "1e-5000", "abc"}) {
    EXPECT_FALSE(parse_long_double(text)) << text;
  }
  EXPECT_FALSE(parse_long_double(std::string(kLongDoubleChars, '1')));
}

TEST(PrintDouble, UsesTheShortestFormInRedissNotation) {
  const std::pair<double, const char*> cases[] = {
      {0.1, "0.1"},
      {3.0, "3"},
      {-1.5, "-1.5"},
      {0.0, "0"},
      {-0.0, "-0"},
      {0.30000000000000004, "0.30000000000000004"},
      {1e17, "100000000000000000"},
      {4.6e18, "4600000000000000000"},
      {5e18, "5e+18"},
      {1e21, "1e+21"},
      {-1.5e300, "-1.5e+300"},
      {1.2345678901234567e19, "12345678901234567000"},
      {1.5e30, "1.5e+30"},
      {0.0001, "0.0001"},
      {0.000001, "0.000001"},
      {1e-7, "1e-7"},
      {1.5e-10, "1.5e-10"},
      {0.00012345678, "1.2345678e-4"},
      {1234.5678901234, "1234.5678901234"},
      {123456.789, "123456.789"},
      {12345.6789012345, "1.23456789012345e+4"},
      {5e-324, "5e-324"},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
      {INFINITY, "inf"},
      {-INFINITY, "-inf"},
      {NAN, "nan"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(printed(value), text);
}

TEST(PrintDouble, IsParsedAsTheSameDouble) {
  Rng rng(2);
  for (int i = 0; i < 50'000; ++i) {
    const auto value = std::bit_cast<double>(rng.next());
    if (!std::isfinite(value)) continue;
    const std::string text = printed(value);
    EXPECT_EQ(parse_double(text), value) << text;
    const double small = (rng.unit() - 0.5) * 1000;
    EXPECT_EQ(parse_double(printed(small)), small);
  }
}

TEST(PrintLongDouble, UsesFixedNotationWithoutTrailingZeros) {
  EXPECT_EQ(printed_long(1.1L), "1.1");
  EXPECT_EQ(printed_long(3000), "3000");
  EXPECT_EQ(printed_long(1e-10L), "0.0000000001");
  EXPECT_EQ(printed_long(1e-20L), "0");
  EXPECT_EQ(printed_long(-1e-20L), "0");
  EXPECT_EQ(printed_long(-2.5L), "-2.5");
  EXPECT_EQ(printed_long(10.2L), "10.2");
  EXPECT_EQ(printed_long(0.1L + 0.2L), "0.3");
  EXPECT_EQ(printed_long(INFINITY), "inf");
  EXPECT_EQ(printed_long(std::numeric_limits<long double>::max()).size(), 4933u);
}

TEST(ParseBytes, AcceptsUnits) {
  EXPECT_EQ(parse_bytes("100"), 100u);
  EXPECT_EQ(parse_bytes("100b"), 100u);
  EXPECT_EQ(parse_bytes("10k"), 10'000u);
  EXPECT_EQ(parse_bytes("10kb"), 10'240u);
  EXPECT_EQ(parse_bytes("2M"), 2'000'000u);
  EXPECT_EQ(parse_bytes("2mB"), 2u << 20);
  EXPECT_EQ(parse_bytes("1g"), 1'000'000'000u);
  EXPECT_EQ(parse_bytes("1GB"), 1u << 30);
  EXPECT_EQ(parse_bytes(""), 0u);
  EXPECT_EQ(parse_bytes("kb"), 0u);
  for (const char* text : {"-1", "1.5mb", " 1", "1 ", "1tb", "mb1", "99999999999999999999",
                           "18446744073709551615kb"}) {
    EXPECT_FALSE(parse_bytes(text)) << text;
  }
}

TEST(PrintHumanBytes, ChoosesTheUnitBySize) {
  EXPECT_EQ(print_human_bytes(0), "0B");
  EXPECT_EQ(print_human_bytes(1023), "1023B");
  EXPECT_EQ(print_human_bytes(1024), "1.00K");
  EXPECT_EQ(print_human_bytes(916392), "894.91K");
  EXPECT_EQ(print_human_bytes(3 << 19), "1.50M");
  EXPECT_EQ(print_human_bytes(25276510208), "23.54G");
  EXPECT_EQ(print_human_bytes(std::uint64_t{1} << 40), "1.00T");
  EXPECT_EQ(print_human_bytes(std::uint64_t{1} << 50), "1.00P");
}

}  // namespace
}  // namespace larder::base
