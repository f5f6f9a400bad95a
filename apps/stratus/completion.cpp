#include "completion.hpp"

#include <algorithm>
#include <map>
#include <vector>

namespace {

struct Tables {
  std::map<std::string, std::string> words;   // by commands so far, each with a space before: " rollout list"
  std::map<std::string, std::string> values;  // by commands so far and option
  std::string takers;                         // options that a word follows, between spaces
};

// "TEXT:{keep,refuse}" of CLI::IsMember → "keep refuse"; "" where anything goes.
std::string fixed_values(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return "";
  std::string list = type.substr(open + 1, close - open - 1);
  std::replace(list.begin(), list.end(), ',', ' ');
  return list;
}

void collect(const CLI::App& app, const std::string& path, Tables& tables) {
  std::string& words = tables.words[path];
  const auto all = [](const CLI::App*) { return true; };
  for (const CLI::App* const command : app.get_subcommands(all)) {
    if (command->get_name().empty() || command->get_group().empty()) continue;
    words += command->get_name() + " ";
  }
  for (const CLI::Option* const option : app.get_options()) {
    if (option->get_group().empty()) continue;  // not shown to people either
    for (const std::string& name : option->get_lnames()) {
      words += "--" + name + " ";
      if (option->get_items_expected_max() == 0) continue;  // a flag
      if (tables.takers.find(" --" + name + " ") == std::string::npos) tables.takers += "--" + name + " ";
      const std::string values = fixed_values(*option);
      if (!values.empty()) tables.values[path + " --" + name] = values;
    }
  }
  for (const CLI::App* const command : app.get_subcommands(all)) {
    if (!command->get_name().empty()) collect(*command, path + " " + command->get_name(), tables);
  }
}

std::string table(const std::string& name, const std::map<std::string, std::string>& rows) {
  std::string text = "declare -gA " + name + "=(\n";
  for (const auto& [key, value] : rows) text += "  ['" + key + " ']='" + value + "'\n";
  return text + ")\n";
}

constexpr const char* kFunction = R"bash(
# Words that follow an option which takes one are values, never commands.
_stratus() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path='' place i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ $_stratus_takers == *" ${COMP_WORDS[i-1]} "* ]] && continue
    [[ -n ${_stratus_words["$path ${COMP_WORDS[i]} "]+x} ]] && path+=" ${COMP_WORDS[i]}"
  done
  COMPREPLY=()
  if [[ $_stratus_takers == *" $previous "* ]]; then
    for place in "$path" ''; do
      local values=${_stratus_values["$place $previous "]-}
      [[ -n $values ]] && COMPREPLY=($(compgen -W "$values" -- "$current")) && return
    done
    return 0
  fi
  local words=${_stratus_words["$path "]}
  [[ $current == -* ]] && words+=${_stratus_words[" "]}
  [[ $current != -* ]] && words=$(for i in $words; do [[ $i != -* ]] && echo "$i"; done)
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  return 0
}
complete -o default -F _stratus stratus
)bash";

}  // namespace

std::string bash_completion(const CLI::App& app) {
  Tables tables;
  tables.takers = " ";
  collect(app, "", tables);
  return "# bash completion for stratus: source <(stratus completion bash)\n" +
         table("_stratus_words", tables.words) + table("_stratus_values", tables.values) +
         "_stratus_takers='" + tables.takers + "'\n" + kFunction;
}
