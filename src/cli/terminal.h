// What the terminal can show.
#pragma once

#include <string>
#include <string_view>

namespace zanime::cli {

// Is stderr a terminal that moves its cursor (not TERM=dumb)?
bool stderr_is_terminal();
// Columns of the terminal on stderr; 80 when unknown.
int terminal_width();
// Its rows; 24 when unknown.
int terminal_height();
// Does the locale (LC_ALL, LC_CTYPE, LANG) say UTF-8?
bool terminal_takes_utf8();

// Text from a file made fit for a terminal: control characters other than line breaks and tabs are
// shown as escapes, so that no file can move the cursor or set the title.
std::string printable(std::string_view text);

// A number with so many digits behind the point.
std::string fixed(double value, int digits);

}  // namespace zanime::cli
