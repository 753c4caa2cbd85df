#pragma once

namespace larder::process {

// Gives back the pages of the program and its libraries that starting has touched, megabytes of
// them. Only those that nobody has written to: what is needed again comes from the file's cache,
// at a fault for each 64 KB. Does nothing where the system does not tell.
void return_startup_pages();

}  // namespace larder::process
