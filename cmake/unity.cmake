# Unity builds (CMAKE_UNITY_BUILD, as ./zanime and ./test use them) compile several files of a room as
# one: from nothing that takes a third of the time, most of which goes into the same headers again and
# again. So the anonymous namespaces of one room share their names.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 10)
