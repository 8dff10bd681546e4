#include "nodes/text/math_expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text/quoted.h"
#include "nodes/input_value.h"
#include "nodes/text/math_operations.h"
#include "nodes/text/python_number.h"
#include "nodes/text/python_text.h"
#include "nodes/text/python_value.h"

namespace zanime::nodes {
namespace {

constexpr int kMaxNesting = 100;
constexpr size_t kMaxExpression = 20000;

[[noreturn]] void syntax_error(const std::string& what) {
  throw Error(ErrorKind::kGraph, "the expression is not valid: " + what);
}

// A part of an expression: what it is, and what it is made of.
struct Part {
  enum class Kind {
    kConstant,
    kName,
    kUnary,
    kBinary,
    kCompare,
    kAnd,
    kOr,
    kIf,
    kCall,
    kItem,
    kSlice
  };
  Kind kind = Kind::kConstant;
  std::string name;  // of a name, a function, an operator
  Value constant = {};
  std::vector<std::unique_ptr<Part>> parts = {};  // null: a bound that a slice leaves out
  std::vector<std::string> comparisons = {};
};
using PartPointer = std::unique_ptr<Part>;

PartPointer make_part(Part::Kind kind, std::string name = "") {
  auto part = std::make_unique<Part>();
  part->kind = kind;
  part->name = std::move(name);
  return part;
}

template <class... Parts>
PartPointer make_part(Part::Kind kind, std::string name, Parts... parts) {
  PartPointer whole = make_part(kind, std::move(name));
  (whole->parts.push_back(std::move(parts)), ...);
  return whole;
}

struct Token {
  enum class Kind { kNumber, kText, kWord, kSign, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;
  Value value = {};
};

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool is_plain_digit(char c) { return c >= '0' && c <= '9'; }

class Scanner {
 public:
  explicit Scanner(const std::string& text) : text_(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    for (;;) {
      while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\f' ||
                                    text_[at_] == '\n' || text_[at_] == '\r')) {
        ++at_;
      }
      if (at_ == text_.size()) break;
      tokens.push_back(next());
    }
    tokens.emplace_back();
    return tokens;
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  Token next() {
    const char c = peek();
    if (is_plain_digit(c) || (c == '.' && is_plain_digit(peek(1)))) return number();
    if (c == '"' || c == '\'') return quoted_text();
    if (is_name_start(c)) {
      const size_t start = at_;
      while (is_name_start(peek()) || is_plain_digit(peek())) ++at_;
      return {Token::Kind::kWord, text_.substr(start, at_ - start)};
    }
    for (const std::string_view sign : {"**", "//", "<<", ">>", "<=", ">=", "==", "!="}) {
      if (text_.compare(at_, 2, sign) == 0) {
        at_ += 2;
        return {Token::Kind::kSign, std::string(sign)};
      }
    }
    if (std::string_view("+-*/%&|^~<>()[],:").find(c) == std::string_view::npos) {
      syntax_error("the character " + text::quoted(std::string(1, c)) + " has no meaning there");
    }
    ++at_;
    return {Token::Kind::kSign, std::string(1, c)};
  }

  Token number() {
    const size_t start = at_;
    if (peek() == '0' && std::string_view("xXoObB").find(peek(1)) != std::string_view::npos) {
      const char kind = static_cast<char>(peek(1) | 0x20);
      const int base = kind == 'x' ? 16 : kind == 'o' ? 8 : 2;
      at_ += 2;
      WideInt value = 0;
      bool any = false;
      for (;; ++at_) {
        const char c = peek();
        if (c == '_') continue;
        const int digit = is_plain_digit(c)                        ? c - '0'
                          : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                                   : 99;
        if (digit >= base) break;
        any = true;
        value = multiply_integers(value, base) + digit;
      }
      if (!any || is_name_start(peek())) syntax_error("a number is not complete");
      return {Token::Kind::kNumber, "", value};
    }
    bool real = false;
    for (;; ++at_) {
      const char c = peek();
      if (is_plain_digit(c) || c == '_') continue;
      if (c == '.' && !real) {
        real = true;
      } else if ((c == 'e' || c == 'E') &&
                 (is_plain_digit(peek(1)) ||
                  ((peek(1) == '+' || peek(1) == '-') && is_plain_digit(peek(2))))) {
        real = true;
        ++at_;
        while (is_plain_digit(peek(1)) || peek(1) == '_') ++at_;
        ++at_;
        break;
      } else {
        break;
      }
    }
    const std::string text = text_.substr(start, at_ - start);
    if (is_name_start(peek())) syntax_error("after the number " + text + " stands a letter");
    if (real) {
      if (const auto value = parse_real(text)) return {Token::Kind::kNumber, "", *value};
    } else {
      const bool leading_zero =
          text.size() > 1 && text[0] == '0' && text.find_first_not_of("0_") != std::string::npos;
      if (leading_zero) syntax_error("the number " + text + " begins with a zero");
      if (const auto value = parse_integer(text)) return {Token::Kind::kNumber, "", *value};
      if (text.size() > 30) too_large();
    }
    syntax_error("the number " + text + " is not complete");
  }

  Token quoted_text() {
    const char mark = text_[at_++];
    std::string out;
    while (peek() != mark) {
      if (at_ >= text_.size() || peek() == '\n') syntax_error("a text has no end");
      if (peek() == '\\' && at_ + 1 < text_.size()) {
        ++at_;
        if (peek() != mark && peek() != '\\') out += '\\';
      }
      out += text_[at_++];
    }
    ++at_;
    return {Token::Kind::kText, out, out};
  }

  const std::string& text_;
  size_t at_ = 0;
};

// Recursive descent along Python's precedences, loosest first.
class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  PartPointer run() {
    PartPointer whole = conditional();
    if (peek().kind != Token::Kind::kEnd) syntax_error("something is left after its end");
    return whole;
  }

 private:
  // Counts how deep the parser stands, for as long as it lives.
  class Nesting {
   public:
    explicit Nesting(int& depth) : depth_(depth) {
      if (++depth_ > kMaxNesting) syntax_error("its parts stand too deep in one another");
    }
    ~Nesting() { --depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    int& depth_;
  };

  const Token& peek() const { return tokens_[at_]; }
  bool is(std::string_view text) const {
    return (peek().kind == Token::Kind::kSign || peek().kind == Token::Kind::kWord) &&
           peek().text == text;
  }
  bool accept(std::string_view text) {
    if (!is(text)) return false;
    ++at_;
    return true;
  }
  void expect(std::string_view text) {
    if (!accept(text)) syntax_error("a `" + std::string(text) + "` is missing");
  }

  PartPointer conditional() {
    const Nesting nesting(depth_);
    PartPointer value = disjunction();
    if (!accept("if")) return value;
    PartPointer condition = disjunction();
    expect("else");
    PartPointer otherwise = conditional();
    return make_part(Part::Kind::kIf, "", std::move(condition), std::move(value),
                     std::move(otherwise));
  }

  PartPointer disjunction() {
    PartPointer left = conjunction();
    while (accept("or")) left = make_part(Part::Kind::kOr, "", std::move(left), conjunction());
    return left;
  }

  PartPointer conjunction() {
    PartPointer left = negation();
    while (accept("and")) left = make_part(Part::Kind::kAnd, "", std::move(left), negation());
    return left;
  }

  PartPointer negation() {
    const Nesting nesting(depth_);
    if (accept("not")) return make_part(Part::Kind::kUnary, "not", negation());
    return comparison();
  }

  std::string comparison_sign() {
    for (const std::string_view sign : {"<", ">", "==", ">=", "<=", "!=", "in"}) {
      if (accept(sign)) return std::string(sign);
    }
    if (accept("is")) return accept("not") ? "is not" : "is";
    if (is("not") && tokens_[at_ + 1].text == "in") {
      at_ += 2;
      return "not in";
    }
    return "";
  }

  PartPointer comparison() {
    PartPointer first = binary(0);
    PartPointer chain;
    for (std::string sign = comparison_sign(); !sign.empty(); sign = comparison_sign()) {
      if (!chain) chain = make_part(Part::Kind::kCompare, "", std::move(first));
      chain->comparisons.push_back(sign);
      chain->parts.push_back(binary(0));
    }
    return chain ? std::move(chain) : std::move(first);
  }

  // The operators that associate to the left, by level.
  PartPointer binary(size_t level) {
    static const std::array<std::vector<std::string_view>, 6> levels{{
        {"|"},
        {"^"},
        {"&"},
        {"<<", ">>"},
        {"+", "-"},
        {"*", "//", "/", "%"},
    }};
    if (level == levels.size()) return factor();
    PartPointer left = binary(level + 1);
    for (;;) {
      const auto sign = std::find_if(levels[level].begin(), levels[level].end(),
                                     [this](std::string_view each) { return is(each); });
      if (sign == levels[level].end()) return left;
      ++at_;
      left = make_part(Part::Kind::kBinary, std::string(*sign), std::move(left), binary(level + 1));
    }
  }

  PartPointer factor() {
    const Nesting nesting(depth_);
    for (const std::string_view sign : {"-", "+", "~"}) {
      if (accept(sign)) return make_part(Part::Kind::kUnary, std::string(sign), factor());
    }
    PartPointer base = primary();
    if (!accept("**")) return base;
    return make_part(Part::Kind::kBinary, "**", std::move(base), factor());
  }

  PartPointer primary() {
    PartPointer value = atom();
    for (;;) {
      if (accept("[")) {
        value = item(std::move(value));
      } else if (is("(")) {
        syntax_error("only functions can be called");
      } else {
        return value;
      }
    }
  }

  PartPointer item(PartPointer of) {
    PartPointer first = is(":") ? nullptr : conditional();
    if (!accept(":")) {
      expect("]");
      return make_part(Part::Kind::kItem, "", std::move(of), std::move(first));
    }
    PartPointer last = is("]") ? nullptr : conditional();
    expect("]");
    return make_part(Part::Kind::kSlice, "", std::move(of), std::move(first), std::move(last));
  }

  PartPointer atom() {
    const Token token = peek();
    ++at_;
    switch (token.kind) {
      case Token::Kind::kNumber:
      case Token::Kind::kText: {
        PartPointer part = make_part(Part::Kind::kConstant);
        part->constant = token.value;
        return part;
      }
      case Token::Kind::kWord:
        return word(token.text);
      case Token::Kind::kSign:
        if (token.text == "(") {
          PartPointer inner = conditional();
          if (is(",")) syntax_error("it makes a list, which is not available here");
          expect(")");
          return inner;
        }
        if (token.text == "[") syntax_error("it makes a list, which is not available here");
        syntax_error("a value is missing before `" + token.text + "`");
      case Token::Kind::kEnd:
        break;
    }
    --at_;
    syntax_error("a value is missing at its end");
  }

  PartPointer word(const std::string& name) {
    static const std::map<std::string, Value> constants{
        {"True", true}, {"False", false}, {"None", std::monostate{}}};
    if (const auto found = constants.find(name); found != constants.end()) {
      PartPointer part = make_part(Part::Kind::kConstant);
      part->constant = found->second;
      return part;
    }
    for (const std::string_view reserved :
         {"and", "or", "not", "if", "else", "in", "is", "lambda"}) {
      if (name == reserved) syntax_error("a value is missing before `" + name + "`");
    }
    if (!accept("(")) return make_part(Part::Kind::kName, name);
    PartPointer call = make_part(Part::Kind::kCall, name);
    while (!is(")")) {
      call->parts.push_back(conditional());
      if (!accept(",")) break;
    }
    expect(")");
    return call;
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

class Evaluator {
 public:
  explicit Evaluator(const std::map<std::string, Value>& names) : names_(names) {}

  Value run(const Part& part) const {
    switch (part.kind) {
      case Part::Kind::kConstant:
        return part.constant;
      case Part::Kind::kName:
        return named(part.name);
      case Part::Kind::kUnary:
        return unary_operation(part.name, run(*part.parts[0]));
      case Part::Kind::kBinary: {
        const Value left = run(*part.parts[0]);
        return binary_operation(part.name, left, run(*part.parts[1]));
      }
      case Part::Kind::kCompare:
        return compare(part);
      case Part::Kind::kAnd: {
        Value left = run(*part.parts[0]);
        return is_true(left) ? run(*part.parts[1]) : left;
      }
      case Part::Kind::kOr: {
        Value left = run(*part.parts[0]);
        return is_true(left) ? left : run(*part.parts[1]);
      }
      case Part::Kind::kIf:
        return run(is_true(run(*part.parts[0])) ? *part.parts[1] : *part.parts[2]);
      case Part::Kind::kCall: {
        std::vector<Value> arguments;
        for (const PartPointer& each : part.parts) arguments.push_back(run(*each));
        return call_function(part.name, arguments);
      }
      case Part::Kind::kItem: {
        const Value of = run(*part.parts[0]);
        return item_at(of, run(*part.parts[1]));
      }
      case Part::Kind::kSlice: {
        const auto bound = [&](const PartPointer& each) -> std::optional<Value> {
          if (!each) return std::nullopt;
          return run(*each);
        };
        return items_between(run(*part.parts[0]), bound(part.parts[1]), bound(part.parts[2]));
      }
    }
    return {};
  }

 private:
  Value named(const std::string& name) const {
    if (const auto found = names_.find(name); found != names_.end()) return found->second;
    throw Error(ErrorKind::kGraph,
                "the expression uses " + text::quoted(name) +
                    ", which has no value; link it to an input or write a, b, …");
  }

  // a < b < c holds where each pair does, and stops at the first that does not.
  Value compare(const Part& part) const {
    Value left = run(*part.parts[0]);
    for (size_t i = 0; i < part.comparisons.size(); ++i) {
      Value right = run(*part.parts[i + 1]);
      if (!compare_values(part.comparisons[i], left, right)) return false;
      left = std::move(right);
    }
    return true;
  }

  const std::map<std::string, Value>& names_;
};

}  // namespace

Value evaluate_expression(const std::string& text, const std::map<std::string, Value>& names) {
  if (stripped(text).empty()) throw Error(ErrorKind::kGraph, "the expression is empty");
  if (text.size() > kMaxExpression) {
    syntax_error("it is longer than " + std::to_string(kMaxExpression) + " characters");
  }
  const PartPointer whole = Parser(Scanner(text).run()).run();
  return Evaluator(names).run(*whole);
}

}  // namespace zanime::nodes
