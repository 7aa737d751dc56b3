# SPDX-License-Identifier: MIT
#
# Packages for Debian: `cmake --workflow --preset package` leaves them in build/package. Three, as Debian divides a library:
# what programs run with, what they are built with, and the command.
set(orgdb_library_package liborgdb${orgdb_soversion})

set(CPACK_GENERATOR DEB)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL library development)
if(ORGDB_BUILD_TOOLS)
	list(APPEND CPACK_COMPONENTS_ALL tools)
endif()
set(CPACK_PACKAGE_CONTACT "orgdb developers <orgdb@example.com>" CACHE STRING "The packages' maintainer")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${orgdb_library_package})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "This is the library that programs run with.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME liborgdb-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
	"${orgdb_library_package} (= ${PROJECT_VERSION}), liblmdb-dev, libmsgpack-dev | libmsgpack-c-dev")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "This is what programs are built with: the header, the static library, for CMake and pkg-config, and a manual page.")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME orgdb-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION database)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOLS_DESCRIPTION "This is the command orgdb, with its manual page and completion for bash.")

# Debian wants each package's licence under the package's name; nobody else does.
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
	string(TOUPPER ${component} upper)
	install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME}
		RENAME copyright COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
include(CPack)
