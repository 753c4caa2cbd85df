#!/bin/sh
# Runs the compiler through its cache: compile.sh CACHE COMPILER OPTION...
#
# Precompiled headers stay out of the cache. They hold the times of the files that they were made
# of, and one from another checkout would make `#pragma once` take those files for new ones. What
# they were made of is told to the cache instead, in a sum beside each, so that what was compiled
# with them is found whatever checkout it was compiled in.
cache=$1
shift
case " $* " in
  *" -x c++-header "*) ;;
  *) CCACHE_PCH_EXTSUM=1 exec "$cache" "$@" ;;
esac
"$@" || exit
# Clang is given the header otherwise; the cache then takes the precompiled one's bytes.
case " $* " in *" -Xclang "*) exit ;; esac

# The text that the compiler saw, without paths, in place of the header: its options but for the
# output (-o) and the source (-c), which is empty and includes the header (-include).
output= header= before=
for option; do
  shift
  case $before in
    -o) output=$option ;;
    -include) header=$option ;;
    -c) ;;
    *) case $option in -o | -c | -include) ;; *) set -- "$@" "$option" ;; esac ;;
  esac
  before=$option
done
"$@" -w -E -P -o - - <"$header" | sha256sum >"$output.sum"
