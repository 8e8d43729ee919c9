# Sets web_files_source to the .cc that holds the web UI's files (sidecar/admin/web_files.h). With npm it is made of web/dist at build time, and anew
# when web/ changes; without npm, or with -DHERDGATE_WEB=OFF, it is web/without.cc, one page that says so.
option(HERDGATE_WEB "Build the web UI into the program (needs node 18 and npm)" ON)

set(web_files_source ${CMAKE_CURRENT_LIST_DIR}/without.cc)
if(HERDGATE_WEB)
  find_program(HERDGATE_NPM npm)
  find_program(HERDGATE_NODE NAMES node nodejs)
  if(HERDGATE_NPM AND HERDGATE_NODE)
    set(web_files_source ${CMAKE_BINARY_DIR}/web_files.cc)
    file(GLOB_RECURSE web_inputs CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/src/* ${CMAKE_CURRENT_LIST_DIR}/public/*)
    foreach(name embed.sh embed.mjs gzip.mjs index.html package.json package-lock.json vite.config.ts without.cc)
      list(APPEND web_inputs ${CMAKE_CURRENT_LIST_DIR}/${name})
    endforeach()
    add_custom_command(
      OUTPUT ${web_files_source}
      COMMAND ${CMAKE_CURRENT_LIST_DIR}/embed.sh ${web_files_source}
      DEPENDS ${web_inputs}
      COMMENT "Building the web UI"
      VERBATIM)
  else()
    message(WARNING "No npm: the web UI is left out, and its page says so. Install nodejs and npm, or silence this with -DHERDGATE_WEB=OFF.")
  endif()
endif()
