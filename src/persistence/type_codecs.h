#pragma once

// The writer and the reader of each type. A writer starts with the type's byte. A reader parses a
// body of one of its type's forms, and sets `storage` to what it has built, whether it succeeds or
// not, which has no elements, or is null, if the value has none; it returns false after an error,
// after which `in` may have failed or not.

#include "larder/keyspace/entry.h"
#include "larder/types/settings.h"
#include "rdb_format.h"
#include "rdb_reader.h"
#include "rdb_writer.h"

namespace larder::persistence {

// The RDB version that a reader must support. A writer's version depends on its features.
int write_value(const keyspace::Entry& entry, std::int64_t now_ms, RdbWriter& out);
int write_storage(types::Type type, const void* storage, std::int64_t now_ms, RdbWriter& out);
int write_list(const void* storage, RdbWriter& out);
int write_set(const void* storage, RdbWriter& out);
int write_sorted_set(const void* storage, RdbWriter& out);
int write_hash(const void* storage, std::int64_t now_ms, RdbWriter& out);
int write_stream(const void* storage, RdbWriter& out);

// Whether write_hash() would write a field.
bool has_live_fields(const void* storage, std::int64_t now_ms);

bool read_list(RdbType form, RdbReader& in, const types::Settings& settings, void*& storage);
bool read_set(RdbType form, RdbReader& in, const types::Settings& settings, void*& storage);
bool read_sorted_set(RdbType form, RdbReader& in, const types::Settings& settings, void*& storage);
bool read_hash(RdbType form, RdbReader& in, const types::Settings& settings, std::int64_t now_ms,
               void*& storage, bool& left_out);
bool read_stream(RdbType form, RdbReader& in, void*& storage);

}  // namespace larder::persistence
