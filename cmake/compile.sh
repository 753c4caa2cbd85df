#!/bin/sh
# Runs the compiler through its cache: compile.sh CACHE COMPILER OPTION...
#
# Precompiled headers stay out of the cache. They hold the times of the files that they were made
# of, and one from another checkout would make `#pragma once` take those files for new ones.
cache=$1
shift
case " $* " in
  *" -x c++-header "*) exec "$@" ;;
esac
exec "$cache" "$@"
