// libcurl, loaded when the first client is made instead of with the program: it brings 25 other libraries
// along, which cost 4 MB of resident memory and 5 ms of CPU at every start, also of commands that never talk
// to anybody (docs/numbers/swap.md). The functions below have libcurl's own names and prototypes and stand in
// for it at link time; what http_client.cpp does not call is not here.
#include <cstdarg>

#include <curl/curl.h>
#include <dlfcn.h>
#include <unistd.h>

#include "stratus/base/log.hpp"

// libcurl's own prototypes name an enumeration before the dots.
#pragma GCC diagnostic ignored "-Wvarargs"
// The header may make these macros that check the types of their arguments.
#undef curl_easy_setopt
#undef curl_multi_setopt

namespace {

// The library's ABI number; it has not changed since 2006.
constexpr const char* kLibrary = "libcurl.so.4";

struct Curl {
  void* library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);

  template <class Function>
  Function* find(const char* name) const {
    return library != nullptr ? reinterpret_cast<Function*>(::dlsym(library, name)) : nullptr;
  }
#define STRATUS_CURL(name) decltype(::name)* name = find<decltype(::name)>(#name)
  STRATUS_CURL(curl_global_init);
  STRATUS_CURL(curl_easy_init);
  STRATUS_CURL(curl_easy_setopt);
  STRATUS_CURL(curl_easy_pause);
  STRATUS_CURL(curl_easy_cleanup);
  STRATUS_CURL(curl_easy_strerror);
  STRATUS_CURL(curl_multi_init);
  STRATUS_CURL(curl_multi_setopt);
  STRATUS_CURL(curl_multi_add_handle);
  STRATUS_CURL(curl_multi_remove_handle);
  STRATUS_CURL(curl_multi_socket_action);
  STRATUS_CURL(curl_multi_info_read);
  STRATUS_CURL(curl_multi_cleanup);
  STRATUS_CURL(curl_slist_append);
  STRATUS_CURL(curl_slist_free_all);
#undef STRATUS_CURL

  bool whole() const {
    return curl_global_init && curl_easy_init && curl_easy_setopt && curl_easy_pause && curl_easy_cleanup &&
           curl_easy_strerror && curl_multi_init && curl_multi_setopt && curl_multi_add_handle &&
           curl_multi_remove_handle && curl_multi_socket_action && curl_multi_info_read &&
           curl_multi_cleanup && curl_slist_append && curl_slist_free_all;
  }
};

// Without it nothing can go on: as if the program had been linked against it.
const Curl& curl() {
  static const Curl loaded = [] {
    Curl found;
    if (!found.whole()) {
      const char* const why = ::dlerror();
      stratus::log::error("net", "{} cannot be loaded, install the package libcurl4: {}", kLibrary,
                          why != nullptr ? why : "it lacks a function");
      ::_exit(1);
    }
    return found;
  }();
  return loaded;
}

}  // namespace

extern "C" {

CURLcode curl_global_init(long flags) { return curl().curl_global_init(flags); }
CURL* curl_easy_init() { return curl().curl_easy_init(); }
CURLcode curl_easy_pause(CURL* easy, int what) { return curl().curl_easy_pause(easy, what); }
void curl_easy_cleanup(CURL* easy) { curl().curl_easy_cleanup(easy); }
const char* curl_easy_strerror(CURLcode code) { return curl().curl_easy_strerror(code); }
CURLM* curl_multi_init() { return curl().curl_multi_init(); }
CURLMcode curl_multi_add_handle(CURLM* multi, CURL* easy) {
  return curl().curl_multi_add_handle(multi, easy);
}
CURLMcode curl_multi_remove_handle(CURLM* multi, CURL* easy) {
  return curl().curl_multi_remove_handle(multi, easy);
}
CURLMcode curl_multi_socket_action(CURLM* multi, curl_socket_t socket, int events, int* running) {
  return curl().curl_multi_socket_action(multi, socket, events, running);
}
CURLMsg* curl_multi_info_read(CURLM* multi, int* left) { return curl().curl_multi_info_read(multi, left); }
CURLMcode curl_multi_cleanup(CURLM* multi) { return curl().curl_multi_cleanup(multi); }
curl_slist* curl_slist_append(curl_slist* list, const char* text) {
  return curl().curl_slist_append(list, text);
}
void curl_slist_free_all(curl_slist* list) { curl().curl_slist_free_all(list); }

// An option's number says what its value is (curl.h).
CURLcode curl_easy_setopt(CURL* easy, CURLoption option, ...) {
  std::va_list values;
  va_start(values, option);
  CURLcode done = CURLE_OK;
  if (option < CURLOPTTYPE_OBJECTPOINT) {
    done = curl().curl_easy_setopt(easy, option, va_arg(values, long));
  } else if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB) {
    done = curl().curl_easy_setopt(easy, option, va_arg(values, curl_off_t));
  } else {
    done = curl().curl_easy_setopt(easy, option, va_arg(values, void*));
  }
  va_end(values);
  return done;
}

CURLMcode curl_multi_setopt(CURLM* multi, CURLMoption option, ...) {
  std::va_list values;
  va_start(values, option);
  CURLMcode done = CURLM_OK;
  if (option < CURLOPTTYPE_OBJECTPOINT) {
    done = curl().curl_multi_setopt(multi, option, va_arg(values, long));
  } else if (option >= CURLOPTTYPE_OFF_T) {
    done = curl().curl_multi_setopt(multi, option, va_arg(values, curl_off_t));
  } else {
    done = curl().curl_multi_setopt(multi, option, va_arg(values, void*));
  }
  va_end(values);
  return done;
}

}  // extern "C"
