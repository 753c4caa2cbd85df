# The libFuzzer targets and where their files are. For sourcing by the other scripts, in the root
# of the tree.

# Every target's name, in the order of the names.
fuzz_names() {
  find tests -name '*_fuzz.cc' -printf '%f\n' | sed 's/\.cc$//' | LC_ALL=C sort
}

# The source of a target; nothing when there is none of that name.
fuzz_source() {
  find tests -name "$1.cc" -name '*_fuzz.cc'
}

# The folder of the inputs that the tree keeps for a target; it need not exist.
fuzz_corpus() {
  local source
  source=$(fuzz_source "$1")
  echo "${source%.cc}_corpus"
}

# The target's program in the build of the preset `fuzz`.
fuzz_program() {
  echo "build/fuzz/tests/$1"
}

# How many inputs scripts/test gives a target: as many as it runs in about 12 seconds of one core,
# or enough to be useful, so that all of them take about three minutes.
fuzz_runs() {
  case $1 in
    client_filters_fuzz | command_fuzz | debugger_fuzz | function_restore_fuzz | restore_fuzz | aof_file_reader_fuzz) echo 3000 ;;
    config_fuzz) echo 1200 ;;
    link_fuzz) echo 1500 ;;
    tls_fuzz) echo 5000 ;;
    rdb_file_fuzz) echo 10000 ;;
    acl_rules_fuzz) echo 100000 ;;
    bit_fuzz | cjson_fuzz | cmsgpack_fuzz | pattern_fuzz | struct_fuzz) echo 50000 ;;
    *) echo 200000 ;;
  esac
}
