// TestCa: a certificate authority of a test's own, made by the openssl command.
//
// Threads: one owner. Ownership: its folder, removed at the end.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace herdgate::test {

class TestCa {
 public:
  TestCa() {
    std::string path = (std::filesystem::temp_directory_path() / "herdgate-ca-XXXXXX").string();
    if (mkdtemp(path.data()) != nullptr) folder_ = path;
    made_ = Run("openssl req -x509 " + std::string(kNewKey) + " -subj '/CN=test CA' -days 2 -keyout " + At("ca.key") +
                " -out " + At("ca.crt"));
    std::ofstream(At("san")) << "subjectAltName=DNS:injector.test,IP:127.0.0.1\n";
  }
  ~TestCa() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;

  bool made() const { return made_; }
  std::string ca_file() const { return At("ca.crt"); }
  // A path in its folder.
  std::string At(const std::string& name) const { return folder_ + "/" + name; }

  // Writes NAME.crt and NAME.key for injector.test with the common name `name`.
  bool Issue(const std::string& name) const {
    return Run("openssl req " + std::string(kNewKey) + " -subj /CN=" + name + " -keyout " + At(name + ".key") +
               " -out " + At("csr")) &&
           Run("openssl x509 -req -in " + At("csr") + " -CA " + At("ca.crt") + " -CAkey " + At("ca.key") +
               " -CAcreateserial -days 2 -extfile " + At("san") + " -out " + At(name + ".crt"));
  }

 private:
  static constexpr const char* kNewKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

  static bool Run(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

  std::string folder_;
  bool made_ = false;
};

}  // namespace herdgate::test
