#include "base/version.h"

#ifndef ZANIME_VERSION
#define ZANIME_VERSION "0.1.0"
#endif

namespace zanime {

const char* version() { return ZANIME_VERSION; }

}  // namespace zanime
