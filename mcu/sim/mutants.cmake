# Each mutant is one source file of the library with one place changed; the build fails when the place is gone, so
# that a mutant cannot silently become the original. The mutated object comes first on the link line and so
# takes the place of the library's.
add_custom_target(stratus_mcu_mutants)

function(mcu_mutant name file before after)
  set(source ${PROJECT_SOURCE_DIR}/mcu/stratus/mcu/${file})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(READ ${source} text)
  string(FIND "${text}" "${before}" first)
  string(FIND "${text}" "${before}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    message(FATAL_ERROR "mutant ${name}: '${before}' must occur exactly once in ${file}")
  endif()
  string(REPLACE "${before}" "${after}" text "${text}")
  set(mutated ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${mutated} CONTENT "${text}" @ONLY)
  add_executable(mcu_mutant_${name} main.cpp ${mutated})
  target_link_libraries(mcu_mutant_${name} PRIVATE stratus_mcu_sim)
  set_target_properties(mcu_mutant_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/mcu-mutants OUTPUT_NAME ${name})
  add_dependencies(stratus_mcu_mutants mcu_mutant_${name})
endfunction()

mcu_mutant(record_crc_unchecked journal.cpp
  "if (record.crc != crc_of(record)) continue;" "")
mcu_mutant(rotation_erases_current_sector journal.cpp
  "const uint8_t other = current_ ^ 1;" "const uint8_t other = current_;")
mcu_mutant(torn_record_taken_as_blank journal.cpp
  "if (record.crc != crc_of(record)) continue;" "if (record.crc != crc_of(record)) break;")
mcu_mutant(mark_before_data updater.cpp
  "if (!flash_.program(at, page_, size)) return false;"
  "{ Record early = journal_.now(); early.offset = offset_; if (offset_ % kMark == 0) journal_.append(early); }
  if (!flash_.program(at, page_, size)) return false;")
mcu_mutant(no_marks updater.cpp
  "if (flushed_ % mark != 0) return true;" "if (mark != 0) return true;")
mcu_mutant(resume_without_erase updater.cpp
  "if (flushed_ % flash_.sector == 0 &&" "if (flushed_ % flash_.sector == 0 && flushed_ != journal_.now().offset &&")
mcu_mutant(staged_unverified updater.cpp
  "  if (cause == Cause::hash_mismatch) {" "  cause = Cause::ok;
  if (cause == Cause::hash_mismatch) {")
mcu_mutant(target_change_ignored updater.cpp
  "memcmp(now.digest, target.digest, kShortDigest) == 0;" "true;")
mcu_mutant(tries_not_counted boot.cpp
  "--record.tries;" "")
mcu_mutant(trial_unverified boot.cpp
  "Cause::trial_failed : slots.verify(candidate, choice.info)" "Cause::trial_failed : Cause::ok")
