// A second translation unit that includes axonpush.hpp, compiled without exceptions.
#pragma once
#include <string>

bool other_unit_publishes(const std::string &server_url);
