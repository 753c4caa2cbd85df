#pragma once

namespace larder::process {

// Returns the pages of the program and its libraries that the start has read, which are megabytes.
// Only pages that were not written to: pages that are needed again are loaded from the page cache,
// with one fault for each 64 KB. Does nothing if the system does not report them.
void return_startup_pages();

}  // namespace larder::process
