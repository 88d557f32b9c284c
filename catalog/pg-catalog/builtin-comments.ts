/**
 * What pg_description says of PostgreSQL 15's own objects; written by generate-comments.ts. One line each: class, oid, text.
 */
export const BUILTIN_COMMENT_LINES = `
1247 16 boolean, 'true'/'false'
1247 17 variable-length string, binary values escaped
1247 18 single character
1247 19 63-byte type for storing system identifiers
1247 20 ~18 digit integer, 8-byte storage
1247 21 -32 thousand to 32 thousand, 2-byte storage
1247 22 array of int2, used in system tables
1247 23 -2 billion to 2 billion integer, 4-byte storage
1247 24 registered procedure
1247 25 variable-length string, no limit specified
1247 26 object identifier(oid), maximum 4 billion
1247 27 (block, offset), physical location of tuple
1247 28 transaction id
1247 29 command identifier type, sequence in transaction id
1247 30 array of oids, used in system tables
1247 32 internal type for passing CollectedCommand
1247 114 JSON stored as text
1247 142 XML content
1247 194 string representing an internal node tree
1247 325 pseudo-type for the result of an index AM handler function
1247 600 geometric point '(x, y)'
1247 601 geometric line segment '(pt1,pt2)'
1247 602 geometric path '(pt1,...)'
1247 603 geometric box '(lower left,upper right)'
1247 604 geometric polygon '(pt1,...)'
1247 628 geometric line
1247 650 network IP address/netmask, network address
1247 700 single-precision floating point number, 4-byte storage
1247 701 double-precision floating point number, 8-byte storage
1247 705 pseudo-type representing an undetermined type
1247 718 geometric circle '(center,radius)'
1247 774 XX:XX:XX:XX:XX:XX:XX:XX, MAC address
1247 790 monetary amounts, $d,ddd.cc
1247 829 XX:XX:XX:XX:XX:XX, MAC address
1247 869 IP address/netmask, host address, netmask optional
1247 1033 access control list
1247 1042 char(length), blank-padded string, fixed storage length
1247 1043 varchar(length), non-blank-padded string, variable storage length
1247 1082 date
1247 1083 time of day
1247 1114 date and time
1247 1184 date and time with time zone
1247 1186 @ <number> <units>, time interval
1247 1266 time of day with time zone
1247 1560 fixed-length bit string
1247 1562 variable-length bit string
1247 1700 numeric(precision, decimal), arbitrary precision number
1247 1790 reference to cursor (portal name)
1247 2202 registered procedure (with args)
1247 2203 registered operator
1247 2204 registered operator (with args)
1247 2205 registered class
1247 2206 registered type
1247 2249 pseudo-type representing any composite type
1247 2275 C-style string
1247 2276 pseudo-type representing any type
1247 2277 pseudo-type representing a polymorphic array type
1247 2278 pseudo-type for the result of a function with no real result
1247 2279 pseudo-type for the result of a trigger function
1247 2280 pseudo-type for the result of a language handler function
1247 2281 pseudo-type representing an internal data structure
1247 2283 pseudo-type representing a polymorphic base type
1247 2776 pseudo-type representing a polymorphic base type that is not an array
1247 2950 UUID datatype
1247 2970 txid snapshot
1247 3115 pseudo-type for the result of an FDW handler function
1247 3220 PostgreSQL LSN datatype
1247 3310 pseudo-type for the result of a tablesample method function
1247 3361 multivariate ndistinct coefficients
1247 3402 multivariate dependencies
1247 3500 pseudo-type representing a polymorphic base type that is an enum
1247 3614 text representation for text search
1247 3615 query representation for text search
1247 3642 GiST index internal text representation for text search
1247 3734 registered text search configuration
1247 3769 registered text search dictionary
1247 3802 Binary JSON
1247 3831 pseudo-type representing a range over a polymorphic base type
1247 3838 pseudo-type for the result of an event trigger function
1247 3904 range of integers
1247 3906 range of numerics
1247 3908 range of timestamps without time zone
1247 3910 range of timestamps with time zone
1247 3912 range of dates
1247 3926 range of bigints
1247 4072 JSON path
1247 4089 registered namespace
1247 4096 registered role
1247 4191 registered collation
1247 4451 multirange of integers
1247 4532 multirange of numerics
1247 4533 multirange of timestamps without time zone
1247 4534 multirange of timestamps with time zone
1247 4535 multirange of dates
1247 4536 multirange of bigints
1247 4537 pseudo-type representing a polymorphic base type that is a multirange
1247 4538 pseudo-type representing a multirange over a polymorphic common type
1247 4600 BRIN bloom summary
1247 4601 BRIN minmax-multi summary
1247 5017 multivariate MCV list
1247 5038 snapshot
1247 5069 full transaction id
1247 5077 pseudo-type representing a polymorphic common type
1247 5078 pseudo-type representing an array of polymorphic common type elements
1247 5079 pseudo-type representing a polymorphic common type that is not an array
1247 5080 pseudo-type representing a range over a polymorphic common type
1255 3 row-oriented heap table access method handler
1255 31 I/O
1255 33 I/O
1255 34 I/O
1255 35 I/O
1255 38 I/O
1255 39 I/O
1255 40 I/O
1255 41 I/O
1255 42 I/O
1255 43 I/O
1255 44 I/O
1255 45 I/O
1255 46 I/O
1255 47 I/O
1255 48 I/O
1255 49 I/O
1255 50 I/O
1255 51 I/O
1255 52 I/O
1255 53 I/O
1255 54 I/O
1255 55 I/O
1255 56 implementation of < operator
1255 57 implementation of > operator
1255 60 implementation of = operator
1255 61 implementation of = operator
1255 62 implementation of = operator
1255 63 implementation of = operator
1255 64 implementation of < operator
1255 65 implementation of = operator
1255 66 implementation of < operator
1255 67 implementation of = operator
1255 68 implementation of = operator
1255 69 implementation of = operator
1255 70 implementation of <> operator
1255 72 implementation of <= operator
1255 73 implementation of > operator
1255 74 implementation of >= operator
1255 77 convert char to int4
1255 78 convert int4 to char
1255 79 implementation of ~ operator
1255 84 implementation of <> operator
1255 86 I/O
1255 87 I/O
1255 88 I/O
1255 89 PostgreSQL version string
1255 90 I/O
1255 101 restriction selectivity of = and related operators
1255 102 restriction selectivity of <> and related operators
1255 103 restriction selectivity of < and related operators on scalar datatypes
1255 104 restriction selectivity of > and related operators on scalar datatypes
1255 105 join selectivity of = and related operators
1255 106 join selectivity of <> and related operators
1255 107 join selectivity of < and related operators on scalar datatypes
1255 108 join selectivity of > and related operators on scalar datatypes
1255 109 I/O
1255 110 I/O
1255 115 implementation of >^ operator
1255 116 implementation of <^ operator
1255 117 I/O
1255 118 I/O
1255 119 I/O
1255 120 I/O
1255 121 I/O
1255 122 I/O
1255 123 I/O
1255 124 I/O
1255 125 implementation of && operator
1255 126 implementation of >= operator
1255 127 implementation of > operator
1255 128 implementation of = operator
1255 129 implementation of < operator
1255 130 implementation of <= operator
1255 131 implementation of |>> operator
1255 132 implementation of << operator
1255 133 implementation of >> operator
1255 134 implementation of <<| operator
1255 135 implementation of ~= operator
1255 136 implementation of <@ operator
1255 137 implementation of <@ operator
1255 138 implementation of @@ operator
1255 139 restriction selectivity for area-comparison operators
1255 140 join selectivity for area-comparison operators
1255 141 implementation of * operator
1255 144 implementation of <> operator
1255 145 implementation of <> operator
1255 146 implementation of > operator
1255 147 implementation of > operator
1255 148 implementation of <= operator
1255 149 implementation of <= operator
1255 150 implementation of >= operator
1255 151 implementation of >= operator
1255 152 implementation of * operator
1255 153 implementation of / operator
1255 154 implementation of / operator
1255 155 implementation of % operator
1255 156 implementation of % operator
1255 157 implementation of <> operator
1255 158 implementation of = operator
1255 159 implementation of = operator
1255 160 implementation of < operator
1255 161 implementation of < operator
1255 162 implementation of > operator
1255 163 implementation of > operator
1255 164 implementation of <> operator
1255 165 implementation of <> operator
1255 166 implementation of <= operator
1255 167 implementation of <= operator
1255 168 implementation of >= operator
1255 169 implementation of >= operator
1255 170 implementation of * operator
1255 171 implementation of * operator
1255 172 implementation of / operator
1255 173 implementation of / operator
1255 176 implementation of + operator
1255 177 implementation of + operator
1255 178 implementation of + operator
1255 179 implementation of + operator
1255 180 implementation of - operator
1255 181 implementation of - operator
1255 182 implementation of - operator
1255 183 implementation of - operator
1255 184 implementation of = operator
1255 185 implementation of <> operator
1255 186 implementation of ~= operator
1255 187 implementation of @> operator
1255 188 implementation of << operator
1255 189 implementation of &< operator
1255 190 implementation of &> operator
1255 191 implementation of >> operator
1255 192 implementation of <@ operator
1255 193 implementation of @> operator
1255 195 I/O
1255 196 I/O
1255 197 I/O
1255 198 I/O
1255 200 I/O
1255 201 I/O
1255 202 implementation of * operator
1255 203 implementation of / operator
1255 204 implementation of + operator
1255 205 implementation of - operator
1255 206 implementation of - operator
1255 207 implementation of @ operator
1255 208 aggregate transition function
1255 209 larger of two
1255 211 smaller of two
1255 212 implementation of - operator
1255 213 implementation of - operator
1255 214 I/O
1255 215 I/O
1255 216 implementation of * operator
1255 217 implementation of / operator
1255 218 implementation of + operator
1255 219 implementation of - operator
1255 220 implementation of - operator
1255 221 implementation of @ operator
1255 222 aggregate transition function
1255 223 larger of two
1255 224 smaller of two
1255 225 implementation of @@ operator
1255 227 implementation of @@ operator
1255 228 round to nearest integer
1255 229 truncate to integer
1255 230 implementation of |/ operator
1255 231 implementation of ||/ operator
1255 232 implementation of ^ operator
1255 233 natural exponential (e^x)
1255 234 natural logarithm
1255 235 convert int2 to float8
1255 236 convert int2 to float4
1255 237 convert float8 to int2
1255 238 convert float4 to int2
1255 239 implementation of <-> operator
1255 240 implementation of = operator
1255 241 implementation of < operator
1255 242 implementation of <= operator
1255 243 implementation of >= operator
1255 244 implementation of > operator
1255 245 implementation of <> operator
1255 246 less-equal-greater
1255 247 implementation of = operator
1255 248 implementation of < operator
1255 249 implementation of <= operator
1255 250 implementation of >= operator
1255 251 implementation of > operator
1255 252 implementation of <> operator
1255 253 less-equal-greater
1255 266 concatenate name and oid
1255 267 I/O
1255 268 I/O
1255 274 current date and time - increments during transactions
1255 275 return the next oid for a system table
1255 276 aggregate combine function
1255 277 implementation of ?# operator
1255 278 implementation of ?# operator
1255 279 implementation of * operator
1255 280 implementation of / operator
1255 281 implementation of + operator
1255 282 implementation of - operator
1255 283 implementation of * operator
1255 284 implementation of / operator
1255 285 implementation of + operator
1255 286 implementation of - operator
1255 287 implementation of = operator
1255 288 implementation of <> operator
1255 289 implementation of < operator
1255 290 implementation of <= operator
1255 291 implementation of > operator
1255 292 implementation of >= operator
1255 293 implementation of = operator
1255 294 implementation of <> operator
1255 295 implementation of < operator
1255 296 implementation of <= operator
1255 297 implementation of > operator
1255 298 implementation of >= operator
1255 299 implementation of = operator
1255 300 implementation of <> operator
1255 301 implementation of < operator
1255 302 implementation of <= operator
1255 303 implementation of > operator
1255 304 implementation of >= operator
1255 305 implementation of = operator
1255 306 implementation of <> operator
1255 307 implementation of < operator
1255 308 implementation of <= operator
1255 309 implementation of > operator
1255 310 implementation of >= operator
1255 311 convert float4 to float8
1255 312 convert float8 to float4
1255 313 convert int2 to int4
1255 314 convert int4 to int2
1255 315 Is JIT compilation available in this session?
1255 316 convert int4 to float8
1255 317 convert float8 to int4
1255 318 convert int4 to float4
1255 319 convert float4 to int4
1255 320 bucket number of operand in equal-width histogram
1255 321 I/O
1255 322 I/O
1255 323 I/O
1255 324 I/O
1255 326 I/O
1255 327 I/O
1255 328 hash
1255 329 hash
1255 330 btree index access method handler
1255 331 hash index access method handler
1255 332 gist index access method handler
1255 333 gin index access method handler
1255 334 spgist index access method handler
1255 335 brin index access method handler
1255 336 restriction selectivity of <= and related operators on scalar datatypes
1255 337 restriction selectivity of >= and related operators on scalar datatypes
1255 338 validate an operator class
1255 339 implementation of ~= operator
1255 340 implementation of @> operator
1255 341 implementation of << operator
1255 342 implementation of &< operator
1255 343 implementation of &> operator
1255 344 implementation of >> operator
1255 345 implementation of <@ operator
1255 346 implementation of && operator
1255 347 I/O
1255 348 I/O
1255 350 less-equal-greater
1255 351 less-equal-greater
1255 354 less-equal-greater
1255 355 less-equal-greater
1255 356 less-equal-greater
1255 357 implementation of <-> operator
1255 358 less-equal-greater
1255 359 less-equal-greater
1255 360 less-equal-greater
1255 361 implementation of <-> operator
1255 362 implementation of # operator
1255 363 implementation of <-> operator
1255 364 implementation of <-> operator
1255 365 implementation of <-> operator
1255 366 implementation of ## operator
1255 367 implementation of ## operator
1255 368 implementation of ## operator
1255 369 implementation of <@ operator
1255 370 implementation of <-> operator
1255 371 implementation of <-> operator
1255 372 implementation of <@ operator
1255 373 implementation of ?# operator
1255 376 split delimited text, with null string
1255 377 less-equal-greater
1255 378 append element onto end of array
1255 379 prepend element onto front of array
1255 380 implementation of <-> operator
1255 381 implementation of <-> operator
1255 382 less-equal-greater
1255 383 implementation of || operator
1255 384 concatenate array elements, using delimiter and null string, into text
1255 386 join selectivity of <= and related operators on scalar datatypes
1255 390 implementation of <> operator
1255 391 implementation of < operator
1255 392 implementation of > operator
1255 393 implementation of <= operator
1255 394 split delimited text
1255 395 concatenate array elements, using delimiter, into text
1255 396 implementation of >= operator
1255 398 join selectivity of >= and related operators on scalar datatypes
1255 399 hash
1255 400 hash
1255 401 convert char(n) to text
1255 404 less-equal-greater
1255 406 convert name to text
1255 407 convert text to name
1255 408 convert name to char(n)
1255 409 convert char(n) to name
1255 421 implementation of <-> operator
1255 422 hash
1255 425 hash
1255 432 hash
1255 436 I/O
1255 437 I/O
1255 438 count the number of NULL arguments
1255 440 count the number of non-NULL arguments
1255 441 hash
1255 442 hash
1255 443 hash
1255 444 hash
1255 445 hash
1255 446 hash
1255 447 hash
1255 448 hash
1255 449 hash
1255 450 hash
1255 451 hash
1255 452 hash
1255 453 hash
1255 454 hash
1255 455 hash
1255 456 hash
1255 457 hash
1255 458 larger of two
1255 459 smaller of two
1255 460 I/O
1255 461 I/O
1255 462 implementation of - operator
1255 463 implementation of + operator
1255 464 implementation of - operator
1255 465 implementation of * operator
1255 466 implementation of / operator
1255 467 implementation of = operator
1255 468 implementation of <> operator
1255 469 implementation of < operator
1255 470 implementation of > operator
1255 471 implementation of <= operator
1255 472 implementation of >= operator
1255 474 implementation of = operator
1255 475 implementation of <> operator
1255 476 implementation of < operator
1255 477 implementation of > operator
1255 478 implementation of <= operator
1255 479 implementation of >= operator
1255 480 convert int8 to int4
1255 481 convert int4 to int8
1255 482 convert int8 to float8
1255 483 convert float8 to int8
1255 515 larger of two
1255 516 smaller of two
1255 598 abbreviated display of inet value
1255 599 abbreviated display of cidr value
1255 605 change netmask of inet
1255 619 implementation of <> operator
1255 626 hash
1255 635 change netmask of cidr
1255 636 test property of an index access method
1255 637 test property of an index
1255 638 test property of an index column
1255 652 convert int8 to float4
1255 653 convert float4 to int8
1255 655 implementation of < operator
1255 656 implementation of <= operator
1255 657 implementation of > operator
1255 658 implementation of >= operator
1255 659 implementation of <> operator
1255 668 adjust char() to typmod length
1255 669 adjust varchar() to typmod length
1255 676 return name of given index build phase
1255 677 implementation of < operator
1255 678 implementation of <= operator
1255 679 implementation of = operator
1255 680 implementation of >= operator
1255 681 implementation of > operator
1255 683 network part of address
1255 696 netmask of address
1255 697 netmask length
1255 698 broadcast address of network
1255 699 show address octets only
1255 702 implementation of <-> operator
1255 704 implementation of <-> operator
1255 710 deprecated, use current_user instead
1255 711 address family (4 for IPv4, 6 for IPv6)
1255 714 convert int8 to int2
1255 715 large object create
1255 716 implementation of < operator
1255 717 implementation of <= operator
1255 720 octet length
1255 721 get byte
1255 722 set byte
1255 723 get bit
1255 724 set bit
1255 725 implementation of <-> operator
1255 727 implementation of <-> operator
1255 728 implementation of <-> operator
1255 729 implementation of <-> operator
1255 730 show all parts of inet/cidr value
1255 740 implementation of < operator
1255 741 implementation of <= operator
1255 742 implementation of > operator
1255 743 implementation of >= operator
1255 744 implementation of = operator
1255 745 current user name
1255 746 session user name
1255 747 array dimensions
1255 748 number of array dimensions
1255 749 substitute portion of string
1255 750 I/O
1255 751 I/O
1255 752 substitute portion of string
1255 753 MACADDR manufacturer fields
1255 754 convert int2 to int8
1255 764 large object import
1255 765 large object export
1255 766 increment
1255 767 large object import
1255 768 larger of two
1255 769 smaller of two
1255 770 larger of two
1255 771 smaller of two
1255 772 hash
1255 776 hash
1255 777 hash
1255 778 hash
1255 779 hash
1255 780 hash
1255 781 hash
1255 782 hash
1255 785 implementation of <-> operator
1255 810 encoding name of current database
1255 817 get the currently executing query
1255 830 implementation of = operator
1255 831 implementation of < operator
1255 832 implementation of <= operator
1255 833 implementation of > operator
1255 834 implementation of >= operator
1255 835 implementation of <> operator
1255 836 less-equal-greater
1255 837 implementation of + operator
1255 838 implementation of - operator
1255 839 implementation of * operator
1255 840 implementation of / operator
1255 841 implementation of + operator
1255 842 less-equal-greater
1255 846 implementation of * operator
1255 847 implementation of / operator
1255 848 implementation of * operator
1255 849 position of substring
1255 850 implementation of ~~ operator
1255 851 implementation of !~~ operator
1255 852 implementation of = operator
1255 853 implementation of <> operator
1255 854 implementation of < operator
1255 855 implementation of > operator
1255 856 implementation of <= operator
1255 857 implementation of >= operator
1255 858 implementation of ~~ operator
1255 859 implementation of !~~ operator
1255 860 convert char to char(n)
1255 861 name of the current database
1255 862 implementation of * operator
1255 863 implementation of * operator
1255 864 implementation of * operator
1255 865 implementation of / operator
1255 866 implementation of * operator
1255 867 implementation of / operator
1255 868 position of substring
1255 870 lowercase
1255 871 uppercase
1255 872 capitalize each word
1255 873 left-pad string to length
1255 874 right-pad string to length
1255 875 trim selected characters from left end of string
1255 876 trim selected characters from right end of string
1255 877 extract portion of string
1255 878 map a set of characters appearing in string
1255 879 left-pad string to length
1255 880 right-pad string to length
1255 881 trim spaces from left end of string
1255 882 trim spaces from right end of string
1255 883 extract portion of string
1255 884 trim selected characters from both ends of string
1255 885 trim spaces from both ends of string
1255 886 I/O
1255 887 I/O
1255 888 implementation of = operator
1255 889 implementation of <> operator
1255 890 implementation of < operator
1255 891 implementation of <= operator
1255 892 implementation of > operator
1255 893 implementation of >= operator
1255 894 implementation of + operator
1255 895 implementation of - operator
1255 896 implementation of * operator
1255 897 implementation of / operator
1255 898 larger of two
1255 899 smaller of two
1255 910 I/O
1255 911 I/O
1255 919 implementation of * operator
1255 920 implementation of = operator
1255 921 implementation of < operator
1255 922 implementation of <= operator
1255 923 implementation of > operator
1255 924 implementation of >= operator
1255 925 implementation of <> operator
1255 926 less-equal-greater
1255 927 implementation of << operator
1255 928 implementation of <<= operator
1255 929 implementation of >> operator
1255 930 implementation of >>= operator
1255 935 output money amount as words
1255 936 extract portion of string
1255 937 extract portion of string
1255 938 non-persistent series generator
1255 939 non-persistent series generator
1255 940 modulus
1255 941 modulus
1255 942 implementation of - operator
1255 943 implementation of * operator
1255 944 convert text to char
1255 945 implementation of % operator
1255 946 convert char to text
1255 947 modulus
1255 948 implementation of / operator
1255 949 hash
1255 952 large object open
1255 953 large object close
1255 954 large object read
1255 955 large object write
1255 956 large object seek
1255 957 large object create
1255 958 large object position
1255 959 implementation of <@ operator
1255 960 implementation of <@ operator
1255 961 implementation of ## operator
1255 964 large object unlink (delete)
1255 972 hash
1255 973 implementation of ?# operator
1255 975 box area
1255 976 box width
1255 977 box height
1255 978 implementation of <-> operator
1255 979 area of a closed path
1255 980 implementation of # operator
1255 981 box diagonal
1255 982 implementation of < operator
1255 983 implementation of > operator
1255 984 implementation of = operator
1255 985 implementation of <= operator
1255 986 implementation of >= operator
1255 987 implementation of @-@ operator
1255 988 implementation of <> operator
1255 989 implementation of ?| operator
1255 990 implementation of ?- operator
1255 991 implementation of <-> operator
1255 992 slope between points
1255 993 convert points to line segment
1255 994 implementation of ?# operator
1255 995 implementation of ?|| operator
1255 996 implementation of ?-| operator
1255 997 implementation of ?| operator
1255 998 implementation of ?- operator
1255 999 implementation of = operator
1255 1004 truncate large object
1255 1023 planner support for textlike
1255 1024 planner support for texticregexeq
1255 1025 planner support for texticlike
1255 1026 adjust timestamp to new time zone
1255 1030 GiST support
1255 1031 I/O
1255 1032 I/O
1255 1035 add/update ACL item
1255 1036 remove ACL item
1255 1037 contains
1255 1039 encoding name of current database
1255 1044 I/O
1255 1045 I/O
1255 1046 I/O
1255 1047 I/O
1255 1048 implementation of = operator
1255 1049 implementation of < operator
1255 1050 implementation of <= operator
1255 1051 implementation of > operator
1255 1052 implementation of >= operator
1255 1053 implementation of <> operator
1255 1062 implementation of = operator
1255 1063 larger of two
1255 1064 smaller of two
1255 1065 view two-phase transactions
1255 1066 non-persistent series generator
1255 1067 non-persistent series generator
1255 1068 non-persistent series generator
1255 1069 non-persistent series generator
1255 1078 less-equal-greater
1255 1079 convert text to regclass
1255 1080 hash
1255 1081 format a type oid and atttypmod to canonical SQL
1255 1084 I/O
1255 1085 I/O
1255 1086 implementation of = operator
1255 1087 implementation of < operator
1255 1088 implementation of <= operator
1255 1089 implementation of > operator
1255 1090 implementation of >= operator
1255 1091 implementation of <> operator
1255 1092 less-equal-greater
1255 1102 implementation of < operator
1255 1103 implementation of <= operator
1255 1104 implementation of > operator
1255 1105 implementation of >= operator
1255 1106 implementation of <> operator
1255 1107 less-equal-greater
1255 1136 statistics: information about WAL activity
1255 1137 get wal replay pause state
1255 1138 larger of two
1255 1139 smaller of two
1255 1140 implementation of - operator
1255 1141 implementation of + operator
1255 1142 implementation of - operator
1255 1143 I/O
1255 1144 I/O
1255 1145 implementation of = operator
1255 1146 implementation of + operator
1255 1147 implementation of - operator
1255 1148 implementation of * operator
1255 1149 implementation of / operator
1255 1150 I/O
1255 1151 I/O
1255 1152 implementation of = operator
1255 1153 implementation of <> operator
1255 1154 implementation of < operator
1255 1155 implementation of <= operator
1255 1156 implementation of >= operator
1255 1157 implementation of > operator
1255 1158 convert UNIX epoch to timestamptz
1255 1159 adjust timestamp to new time zone
1255 1160 I/O
1255 1161 I/O
1255 1162 implementation of = operator
1255 1163 implementation of <> operator
1255 1164 implementation of < operator
1255 1165 implementation of <= operator
1255 1166 implementation of >= operator
1255 1167 implementation of > operator
1255 1168 implementation of - operator
1255 1169 implementation of + operator
1255 1170 implementation of - operator
1255 1171 extract field from timestamp with time zone
1255 1172 extract field from interval
1255 1173 planner support for network_sub/superset
1255 1174 convert date to timestamp with time zone
1255 1175 promote groups of 24 hours to numbers of days
1255 1176 convert date and time to timestamp with time zone
1255 1177 jsonpath exists test with timezone
1255 1178 convert timestamp with time zone to date
1255 1179 jsonpath query with timezone
1255 1180 jsonpath query wrapped into array with timezone
1255 1181 age of a transaction ID, in transactions before current transaction
1255 1188 implementation of - operator
1255 1189 implementation of + operator
1255 1190 implementation of - operator
1255 1191 array subscripts generator
1255 1192 array subscripts generator
1255 1193 array constructor with value
1255 1194 base 10 logarithm
1255 1195 smaller of two
1255 1196 larger of two
1255 1197 smaller of two
1255 1198 larger of two
1255 1199 date difference preserving months and years
1255 1200 adjust interval precision
1255 1215 get description for object id and catalog name
1255 1216 get description for table column
1255 1217 truncate timestamp with time zone to specified units
1255 1218 truncate interval to specified units
1255 1219 increment
1255 1230 implementation of @ operator
1255 1236 larger of two
1255 1237 smaller of two
1255 1238 implementation of ~* operator
1255 1239 implementation of !~* operator
1255 1240 implementation of ~* operator
1255 1241 implementation of !~* operator
1255 1242 I/O
1255 1243 I/O
1255 1244 I/O
1255 1245 I/O
1255 1246 implementation of < operator
1255 1250 deferred UNIQUE constraint check
1255 1251 implementation of @ operator
1255 1252 implementation of !~ operator
1255 1253 implementation of @ operator
1255 1254 implementation of ~ operator
1255 1256 implementation of !~ operator
1255 1257 length
1255 1258 implementation of || operator
1255 1264 convert encoding name to encoding id
1255 1265 implementation of <> operator
1255 1267 I/O
1255 1268 parse qualified identifier to array of identifiers
1255 1269 bytes required to store the value, perhaps with compression
1255 1271 intervals overlap?
1255 1272 implementation of + operator
1255 1273 extract field from time with time zone
1255 1274 implementation of + operator
1255 1275 implementation of - operator
1255 1276 implementation of * operator
1255 1277 implementation of / operator
1255 1278 implementation of + operator
1255 1279 implementation of - operator
1255 1280 implementation of * operator
1255 1281 implementation of / operator
1255 1282 quote an identifier for usage in a querystring
1255 1283 quote a literal for usage in a querystring
1255 1284 truncate timestamp with time zone to specified units in specified time zone
1255 1285 quote a data value for usage in a querystring
1255 1286 array constructor with value
1255 1287 convert int8 to oid
1255 1288 convert oid to int8
1255 1289 quote a possibly-null literal for usage in a querystring
1255 1290 quote a possibly-null data value for usage in a querystring
1255 1291 trigger to suppress updates when new and old records match
1255 1292 implementation of = operator
1255 1293 expand multirange to set of ranges
1255 1294 latest tid of a tuple
1255 1295 promote groups of 30 days to numbers of months
1255 1296 implementation of + operator
1255 1297 implementation of + operator
1255 1298 implementation of + operator
1255 1299 current transaction time
1255 1300 restriction selectivity for position-comparison operators
1255 1301 join selectivity for position-comparison operators
1255 1302 restriction selectivity for containment comparison operators
1255 1303 join selectivity for containment comparison operators
1255 1304 intervals overlap?
1255 1305 intervals overlap?
1255 1306 intervals overlap?
1255 1307 intervals overlap?
1255 1308 intervals overlap?
1255 1309 intervals overlap?
1255 1310 intervals overlap?
1255 1311 intervals overlap?
1255 1312 I/O
1255 1313 I/O
1255 1314 less-equal-greater
1255 1315 less-equal-greater
1255 1316 convert timestamp to time
1255 1317 length
1255 1318 character length
1255 1319 implementation of = operator
1255 1326 implementation of / operator
1255 1339 base 10 logarithm
1255 1340 base 10 logarithm
1255 1341 natural logarithm
1255 1342 round to nearest integer
1255 1343 truncate to integer
1255 1344 square root
1255 1345 cube root
1255 1346 exponentiation
1255 1347 natural exponential (e^x)
1255 1348 deprecated, use two-argument form instead
1255 1349 print type names of oidvector field
1255 1350 I/O
1255 1351 I/O
1255 1352 implementation of = operator
1255 1353 implementation of <> operator
1255 1354 implementation of < operator
1255 1355 implementation of <= operator
1255 1356 implementation of >= operator
1255 1357 implementation of > operator
1255 1358 less-equal-greater
1255 1359 convert date and time with time zone to timestamp with time zone
1255 1362 hostmask of address
1255 1364 planner support for textregexeq
1255 1365 make ACL item
1255 1367 character length
1255 1368 exponentiation
1255 1369 character length
1255 1370 convert time to interval
1255 1371 view system lock information
1255 1372 character length
1255 1373 finite date?
1255 1374 octet length
1255 1375 octet length
1255 1376 factorial
1255 1377 larger of two
1255 1378 smaller of two
1255 1379 larger of two
1255 1380 smaller of two
1255 1381 character length
1255 1384 extract field from date
1255 1385 extract field from time
1255 1386 date difference from today preserving months and years
1255 1387 constraint description
1255 1388 convert timestamp with time zone to time with time zone
1255 1389 finite timestamp?
1255 1390 finite interval?
1255 1391 statistics: start time for current backend session
1255 1392 statistics: address of client connected to backend
1255 1393 statistics: port number of client connected to backend
1255 1394 absolute value
1255 1395 absolute value
1255 1396 absolute value
1255 1397 absolute value
1255 1398 absolute value
1255 1400 convert varchar to name
1255 1401 convert name to varchar
1255 1402 current schema name
1255 1403 current schema search list
1255 1404 substitute portion of string
1255 1405 substitute portion of string
1255 1406 vertically aligned
1255 1407 horizontally aligned
1255 1408 parallel
1255 1409 perpendicular
1255 1410 vertical
1255 1411 horizontal
1255 1412 parallel
1255 1413 perpendicular
1255 1414 vertical
1255 1415 horizontal
1255 1416 center of
1255 1419 convert interval to time
1255 1421 convert points to box
1255 1422 implementation of + operator
1255 1423 implementation of - operator
1255 1424 implementation of * operator
1255 1425 implementation of / operator
1255 1426 implementation of @> operator
1255 1427 I/O
1255 1428 implementation of @> operator
1255 1429 implementation of <@ operator
1255 1430 path closed?
1255 1431 path open?
1255 1432 implementation of # operator
1255 1433 close path
1255 1434 open path
1255 1435 implementation of + operator
1255 1436 implementation of + operator
1255 1437 implementation of - operator
1255 1438 implementation of * operator
1255 1439 implementation of / operator
1255 1440 convert x, y to point
1255 1441 implementation of + operator
1255 1442 implementation of - operator
1255 1443 implementation of * operator
1255 1444 implementation of / operator
1255 1445 implementation of # operator
1255 1446 convert polygon to bounding box
1255 1447 convert polygon to path
1255 1448 convert box to polygon
1255 1449 convert path to polygon
1255 1450 I/O
1255 1451 I/O
1255 1452 implementation of ~= operator
1255 1453 implementation of @> operator
1255 1454 implementation of << operator
1255 1455 implementation of &< operator
1255 1456 implementation of &> operator
1255 1457 implementation of >> operator
1255 1458 implementation of <@ operator
1255 1459 implementation of && operator
1255 1460 implementation of <<| operator
1255 1461 implementation of |>> operator
1255 1462 implementation of = operator
1255 1463 implementation of <> operator
1255 1464 implementation of < operator
1255 1465 implementation of > operator
1255 1466 implementation of <= operator
1255 1467 implementation of >= operator
1255 1468 area of circle
1255 1469 diameter of circle
1255 1470 radius of circle
1255 1471 implementation of <-> operator
1255 1472 implementation of @@ operator
1255 1473 convert point and radius to circle
1255 1474 convert polygon to circle
1255 1475 convert vertex count and circle to polygon
1255 1476 implementation of <-> operator
1255 1477 implementation of @> operator
1255 1478 implementation of <@ operator
1255 1479 convert box to circle
1255 1480 convert circle to box
1255 1481 base 10 logarithm
1255 1482 implementation of <> operator
1255 1483 implementation of < operator
1255 1484 implementation of <= operator
1255 1485 implementation of > operator
1255 1486 implementation of >= operator
1255 1487 implementation of @-@ operator
1255 1488 implementation of ## operator
1255 1489 implementation of ## operator
1255 1490 I/O
1255 1491 I/O
1255 1492 implementation of = operator
1255 1493 construct line from points
1255 1494 implementation of # operator
1255 1495 implementation of ?# operator
1255 1496 implementation of ?|| operator
1255 1497 implementation of ?-| operator
1255 1498 implementation of ?| operator
1255 1499 implementation of ?- operator
1255 1530 distance between endpoints
1255 1531 sum of path segments
1255 1532 center of
1255 1534 center of
1255 1540 center of
1255 1541 diagonal of
1255 1542 center of
1255 1543 center of
1255 1544 convert circle to 12-vertex polygon
1255 1545 number of points
1255 1556 number of points
1255 1564 I/O
1255 1565 I/O
1255 1569 matches LIKE expression
1255 1570 does not match LIKE expression
1255 1571 matches LIKE expression
1255 1572 does not match LIKE expression
1255 1573 source text of a rule
1255 1574 sequence next value
1255 1575 sequence current value
1255 1576 set sequence value
1255 1579 I/O
1255 1580 I/O
1255 1581 implementation of = operator
1255 1582 implementation of <> operator
1255 1592 implementation of >= operator
1255 1593 implementation of > operator
1255 1594 implementation of <= operator
1255 1595 implementation of < operator
1255 1596 less-equal-greater
1255 1597 convert encoding id to encoding name
1255 1598 random value
1255 1599 set random seed
1255 1600 arcsine
1255 1601 arccosine
1255 1602 arctangent
1255 1603 arctangent, two arguments
1255 1604 sine
1255 1605 cosine
1255 1606 tangent
1255 1607 cotangent
1255 1608 radians to degrees
1255 1609 degrees to radians
1255 1610 PI
1255 1618 implementation of * operator
1255 1619 type of the argument
1255 1620 convert first char to int4
1255 1621 convert int4 to char
1255 1622 replicate string n times
1255 1623 convert SQL regexp pattern to POSIX style
1255 1624 implementation of * operator
1255 1631 implementation of ~~ operator
1255 1632 implementation of !~~ operator
1255 1633 implementation of ~~* operator
1255 1634 implementation of !~~* operator
1255 1635 implementation of ~~* operator
1255 1636 implementation of !~~* operator
1255 1637 convert LIKE pattern to use backslash escapes
1255 1638 implementation of > operator
1255 1639 implementation of >= operator
1255 1640 select statement of a view
1255 1641 select statement of a view
1255 1642 role name by OID (with fallback)
1255 1643 index description
1255 1644 referential integrity FOREIGN KEY ... REFERENCES
1255 1645 referential integrity FOREIGN KEY ... REFERENCES
1255 1646 referential integrity ON DELETE CASCADE
1255 1647 referential integrity ON UPDATE CASCADE
1255 1648 referential integrity ON DELETE RESTRICT
1255 1649 referential integrity ON UPDATE RESTRICT
1255 1650 referential integrity ON DELETE SET NULL
1255 1651 referential integrity ON UPDATE SET NULL
1255 1652 referential integrity ON DELETE SET DEFAULT
1255 1653 referential integrity ON UPDATE SET DEFAULT
1255 1654 referential integrity ON DELETE NO ACTION
1255 1655 referential integrity ON UPDATE NO ACTION
1255 1656 implementation of ~* operator
1255 1657 implementation of !~* operator
1255 1658 implementation of ~ operator
1255 1659 implementation of !~ operator
1255 1660 implementation of ~~* operator
1255 1661 implementation of !~~* operator
1255 1662 trigger description
1255 1665 name of sequence for a serial column
1255 1666 implementation of = operator
1255 1667 implementation of <> operator
1255 1668 implementation of >= operator
1255 1669 implementation of > operator
1255 1670 implementation of <= operator
1255 1671 implementation of < operator
1255 1672 less-equal-greater
1255 1673 implementation of & operator
1255 1674 implementation of | operator
1255 1675 implementation of # operator
1255 1676 implementation of ~ operator
1255 1677 implementation of << operator
1255 1678 implementation of >> operator
1255 1679 implementation of || operator
1255 1680 extract portion of bitstring
1255 1681 bitstring length
1255 1682 octet length
1255 1683 convert int4 to bitstring
1255 1684 convert bitstring to int4
1255 1685 adjust bit() to typmod length
1255 1686 list of SQL keywords
1255 1687 adjust varbit() to typmod length
1255 1688 hash
1255 1689 convert ACL item array to table, primarily for use by information schema
1255 1690 implementation of - operator
1255 1691 implementation of <= operator
1255 1692 implementation of >= operator
1255 1693 less-equal-greater
1255 1696 hash
1255 1697 hash
1255 1698 position of sub-bitstring
1255 1699 extract portion of bitstring
1255 1701 I/O
1255 1702 I/O
1255 1703 adjust numeric to typmod precision/scale
1255 1704 implementation of @ operator
1255 1705 absolute value
1255 1706 sign of value
1255 1707 value rounded to 'scale'
1255 1708 value rounded to 'scale' of zero
1255 1709 value truncated to 'scale'
1255 1710 value truncated to 'scale' of zero
1255 1711 nearest integer >= value
1255 1712 nearest integer <= value
1255 1713 length of string in specified encoding
1255 1714 convert string with specified source encoding name
1255 1715 convert inet to cidr
1255 1716 deparse an encoded expression
1255 1717 convert string with specified destination encoding name
1255 1718 implementation of = operator
1255 1719 implementation of <> operator
1255 1720 implementation of > operator
1255 1721 implementation of >= operator
1255 1722 implementation of < operator
1255 1723 implementation of <= operator
1255 1724 implementation of + operator
1255 1725 implementation of - operator
1255 1726 implementation of * operator
1255 1727 implementation of / operator
1255 1728 modulus
1255 1729 implementation of % operator
1255 1730 square root
1255 1731 square root
1255 1732 natural exponential (e^x)
1255 1733 natural exponential (e^x)
1255 1734 natural logarithm
1255 1735 natural logarithm
1255 1736 logarithm base m of n
1255 1737 logarithm base m of n
1255 1738 exponentiation
1255 1739 implementation of ^ operator
1255 1740 convert int4 to numeric
1255 1741 base 10 logarithm
1255 1742 convert float4 to numeric
1255 1743 convert float8 to numeric
1255 1744 convert numeric to int4
1255 1745 convert numeric to float4
1255 1746 convert numeric to float8
1255 1747 implementation of + operator
1255 1748 implementation of - operator
1255 1749 implementation of + operator
1255 1750 implementation of - operator
1255 1764 increment by one
1255 1765 set sequence value and is_called status
1255 1766 smaller of two
1255 1767 larger of two
1255 1768 format interval to text
1255 1769 less-equal-greater
1255 1770 format timestamp with time zone to text
1255 1771 implementation of - operator
1255 1772 format numeric to text
1255 1773 format int4 to text
1255 1774 format int8 to text
1255 1775 format float4 to text
1255 1776 format float8 to text
1255 1777 convert text to numeric
1255 1778 convert text to timestamp with time zone
1255 1779 convert numeric to int8
1255 1780 convert text to date
1255 1781 convert int8 to numeric
1255 1782 convert int2 to numeric
1255 1783 convert numeric to int2
1255 1798 I/O
1255 1799 I/O
1255 1810 length in bits
1255 1811 length in bits
1255 1812 length in bits
1255 1813 convert string with specified encoding names
1255 1814 restriction selectivity of ILIKE
1255 1815 restriction selectivity of NOT ILIKE
1255 1816 join selectivity of ILIKE
1255 1817 join selectivity of NOT ILIKE
1255 1818 restriction selectivity of regex match
1255 1819 restriction selectivity of LIKE
1255 1820 restriction selectivity of case-insensitive regex match
1255 1821 restriction selectivity of regex non-match
1255 1822 restriction selectivity of NOT LIKE
1255 1823 restriction selectivity of case-insensitive regex non-match
1255 1824 join selectivity of regex match
1255 1825 join selectivity of LIKE
1255 1826 join selectivity of case-insensitive regex match
1255 1827 join selectivity of regex non-match
1255 1828 join selectivity of NOT LIKE
1255 1829 join selectivity of case-insensitive regex non-match
1255 1830 aggregate final function
1255 1831 aggregate final function
1255 1832 aggregate final function
1255 1833 aggregate transition function
1255 1834 aggregate transition function
1255 1835 aggregate transition function
1255 1836 aggregate transition function
1255 1837 aggregate final function
1255 1838 aggregate final function
1255 1839 aggregate final function
1255 1840 aggregate transition function
1255 1841 aggregate transition function
1255 1842 aggregate transition function
1255 1843 aggregate transition function
1255 1844 aggregate final function
1255 1845 encode text from DB encoding to ASCII text
1255 1846 encode text from encoding to ASCII text
1255 1847 encode text from encoding to ASCII text
1255 1848 implementation of + operator
1255 1850 implementation of = operator
1255 1851 implementation of <> operator
1255 1852 implementation of < operator
1255 1853 implementation of > operator
1255 1854 implementation of <= operator
1255 1855 implementation of >= operator
1255 1856 implementation of = operator
1255 1857 implementation of <> operator
1255 1858 implementation of < operator
1255 1859 implementation of > operator
1255 1860 implementation of <= operator
1255 1861 implementation of >= operator
1255 1892 implementation of & operator
1255 1893 implementation of | operator
1255 1894 implementation of # operator
1255 1895 implementation of ~ operator
1255 1896 implementation of << operator
1255 1897 implementation of >> operator
1255 1898 implementation of & operator
1255 1899 implementation of | operator
1255 1900 implementation of # operator
1255 1901 implementation of ~ operator
1255 1902 implementation of << operator
1255 1903 implementation of >> operator
1255 1904 implementation of & operator
1255 1905 implementation of | operator
1255 1906 implementation of # operator
1255 1907 implementation of ~ operator
1255 1908 implementation of << operator
1255 1909 implementation of >> operator
1255 1910 implementation of + operator
1255 1911 implementation of + operator
1255 1912 implementation of + operator
1255 1913 implementation of + operator
1255 1914 implementation of + operator
1255 1915 implementation of + operator
1255 1922 user privilege on relation by username, rel name
1255 1923 user privilege on relation by username, rel oid
1255 1924 user privilege on relation by user oid, rel name
1255 1925 user privilege on relation by user oid, rel oid
1255 1926 current user privilege on relation by rel name
1255 1927 current user privilege on relation by rel oid
1255 1928 statistics: number of scans done for table/index
1255 1929 statistics: number of tuples read by seqscan
1255 1930 statistics: number of tuples fetched by idxscan
1255 1931 statistics: number of tuples inserted
1255 1932 statistics: number of tuples updated
1255 1933 statistics: number of tuples deleted
1255 1934 statistics: number of blocks fetched
1255 1935 statistics: number of blocks found in cache
1255 1936 statistics: currently active backend IDs
1255 1937 statistics: PID of backend
1255 1938 statistics: database ID of backend
1255 1939 statistics: user ID of backend
1255 1940 statistics: current query of backend
1255 1941 statistics: number of backends in database
1255 1942 statistics: transactions committed
1255 1943 statistics: transactions rolled back
1255 1944 statistics: blocks fetched for database
1255 1945 statistics: blocks found in cache for database
1255 1946 convert bytea value into some ascii-only text string
1255 1947 convert ascii-encoded text string into bytea value
1255 1948 implementation of = operator
1255 1949 implementation of < operator
1255 1950 implementation of <= operator
1255 1951 implementation of > operator
1255 1952 implementation of >= operator
1255 1953 implementation of <> operator
1255 1954 less-equal-greater
1255 1961 adjust timestamp precision
1255 1962 aggregate transition function
1255 1963 aggregate transition function
1255 1964 aggregate final function
1255 1965 larger of two
1255 1966 smaller of two
1255 1967 adjust timestamptz precision
1255 1968 adjust time precision
1255 1969 adjust time with time zone precision
1255 1972 statistics: number of tuples hot updated
1255 1973 trunc(x/y)
1255 1980 trunc(x/y)
1255 1986 convert SQL regexp pattern to POSIX style
1255 1987 convert SQL regexp pattern to POSIX style
1255 1993 get description for object id and shared catalog name
1255 2003 implementation of || operator
1255 2004 implementation of || operator
1255 2005 implementation of ~~ operator
1255 2006 implementation of !~~ operator
1255 2007 matches LIKE expression
1255 2008 does not match LIKE expression
1255 2009 convert LIKE pattern to use backslash escapes
1255 2010 octet length
1255 2011 implementation of || operator
1255 2012 extract portion of string
1255 2013 extract portion of string
1255 2014 position of substring
1255 2015 trim selected bytes from both ends of string
1255 2019 convert timestamp with time zone to time
1255 2020 truncate timestamp to specified units
1255 2021 extract field from timestamp
1255 2022 statistics: information about currently active backends
1255 2023 jsonpath query first item with timezone
1255 2024 convert date to timestamp
1255 2025 convert date and time to timestamp
1255 2026 statistics: current backend PID
1255 2027 convert timestamp with time zone to timestamp
1255 2028 convert timestamp to timestamp with time zone
1255 2029 convert timestamp to date
1255 2030 jsonpath match with timezone
1255 2031 implementation of - operator
1255 2032 implementation of + operator
1255 2033 implementation of - operator
1255 2034 configuration load time
1255 2035 smaller of two
1255 2036 larger of two
1255 2037 adjust time with time zone to new zone
1255 2038 adjust time with time zone to new zone
1255 2039 hash
1255 2041 intervals overlap?
1255 2042 intervals overlap?
1255 2043 intervals overlap?
1255 2044 intervals overlap?
1255 2045 less-equal-greater
1255 2046 convert time with time zone to time
1255 2047 convert time to time with time zone
1255 2048 finite timestamp?
1255 2049 format timestamp to text
1255 2050 maximum value of all anyarray input values
1255 2051 minimum value of all anyarray input values
1255 2052 implementation of = operator
1255 2053 implementation of <> operator
1255 2054 implementation of < operator
1255 2055 implementation of <= operator
1255 2056 implementation of >= operator
1255 2057 implementation of > operator
1255 2058 date difference preserving months and years
1255 2059 date difference from today preserving months and years
1255 2069 adjust timestamp to new time zone
1255 2070 adjust timestamp to new time zone
1255 2071 implementation of + operator
1255 2072 implementation of - operator
1255 2073 extract text matching regular expression
1255 2074 extract text matching SQL regular expression
1255 2075 convert int8 to bitstring
1255 2076 convert bitstring to int8
1255 2077 SHOW X as a function
1255 2078 SET X as a function
1255 2079 is table visible in search path?
1255 2080 is type visible in search path?
1255 2081 is function visible in search path?
1255 2082 is operator visible in search path?
1255 2083 is opclass visible in search path?
1255 2084 SHOW ALL as a function
1255 2085 extract portion of string
1255 2086 extract portion of string
1255 2087 replace all occurrences in string of old_substr with new_substr
1255 2088 split string by field_sep and return field_num
1255 2089 convert int4 number to hex
1255 2090 convert int8 number to hex
1255 2091 array lower dimension
1255 2092 array upper dimension
1255 2093 is conversion visible in search path?
1255 2094 statistics: start time for current query of backend
1255 2096 terminate a server process
1255 2098 definition of a function
1255 2100 the average (arithmetic mean) as numeric of all bigint values
1255 2101 the average (arithmetic mean) as numeric of all integer values
1255 2102 the average (arithmetic mean) as numeric of all smallint values
1255 2103 the average (arithmetic mean) as numeric of all numeric values
1255 2104 the average (arithmetic mean) as float8 of all float4 values
1255 2105 the average (arithmetic mean) as float8 of all float8 values
1255 2106 the average (arithmetic mean) as interval of all interval values
1255 2107 sum as numeric across all bigint input values
1255 2108 sum as bigint across all integer input values
1255 2109 sum as bigint across all smallint input values
1255 2110 sum as float4 across all float4 input values
1255 2111 sum as float8 across all float8 input values
1255 2112 sum as money across all money input values
1255 2113 sum as interval across all interval input values
1255 2114 sum as numeric across all numeric input values
1255 2115 maximum value of all bigint input values
1255 2116 maximum value of all integer input values
1255 2117 maximum value of all smallint input values
1255 2118 maximum value of all oid input values
1255 2119 maximum value of all float4 input values
1255 2120 maximum value of all float8 input values
1255 2121 compression method for the compressed datum
1255 2122 maximum value of all date input values
1255 2123 maximum value of all time input values
1255 2124 maximum value of all time with time zone input values
1255 2125 maximum value of all money input values
1255 2126 maximum value of all timestamp input values
1255 2127 maximum value of all timestamp with time zone input values
1255 2128 maximum value of all interval input values
1255 2129 maximum value of all text input values
1255 2130 maximum value of all numeric input values
1255 2131 minimum value of all bigint input values
1255 2132 minimum value of all integer input values
1255 2133 minimum value of all smallint input values
1255 2134 minimum value of all oid input values
1255 2135 minimum value of all float4 input values
1255 2136 minimum value of all float8 input values
1255 2137 statistics: force stats to be flushed after the next commit
1255 2138 minimum value of all date input values
1255 2139 minimum value of all time input values
1255 2140 minimum value of all time with time zone input values
1255 2141 minimum value of all money input values
1255 2142 minimum value of all timestamp input values
1255 2143 minimum value of all timestamp with time zone input values
1255 2144 minimum value of all interval input values
1255 2145 minimum value of all text values
1255 2146 minimum value of all numeric input values
1255 2147 number of input rows for which the input expression is not null
1255 2148 historical alias for var_samp
1255 2149 historical alias for var_samp
1255 2150 historical alias for var_samp
1255 2151 historical alias for var_samp
1255 2152 historical alias for var_samp
1255 2153 historical alias for var_samp
1255 2154 historical alias for stddev_samp
1255 2155 historical alias for stddev_samp
1255 2156 historical alias for stddev_samp
1255 2157 historical alias for stddev_samp
1255 2158 historical alias for stddev_samp
1255 2159 historical alias for stddev_samp
1255 2160 implementation of ~<~ operator
1255 2161 implementation of ~<=~ operator
1255 2162 argument list of a function
1255 2163 implementation of ~>=~ operator
1255 2164 implementation of ~>~ operator
1255 2165 result type of a function
1255 2166 less-equal-greater
1255 2167 nearest integer >= value
1255 2168 total disk space usage for the specified database
1255 2169 exponentiation
1255 2170 bucket number of operand in equal-width histogram
1255 2171 cancel a server process' current query
1255 2172 prepare for taking an online backup
1255 2174 implementation of ~<~ operator
1255 2175 implementation of ~<=~ operator
1255 2176 array length
1255 2177 implementation of ~>=~ operator
1255 2178 implementation of ~>~ operator
1255 2179 GiST support
1255 2180 less-equal-greater
1255 2181 user privilege on sequence by username, seq name
1255 2182 user privilege on sequence by username, seq oid
1255 2183 user privilege on sequence by user oid, seq name
1255 2184 user privilege on sequence by user oid, seq oid
1255 2185 current user privilege on sequence by seq name
1255 2186 current user privilege on sequence by seq oid
1255 2188 less-equal-greater
1255 2189 less-equal-greater
1255 2190 less-equal-greater
1255 2191 less-equal-greater
1255 2192 less-equal-greater
1255 2193 less-equal-greater
1255 2194 less-equal-greater
1255 2195 less-equal-greater
1255 2196 inet address of the client
1255 2197 client's port number for this connection
1255 2198 inet address of the server
1255 2199 server's port number for this connection
1255 2212 I/O
1255 2213 I/O
1255 2214 I/O
1255 2215 I/O
1255 2216 I/O
1255 2217 I/O
1255 2218 I/O
1255 2219 I/O
1255 2220 I/O
1255 2221 I/O
1255 2230 statistics: discard current transaction's statistics snapshot
1255 2232 identity argument list of a function
1255 2233 hash
1255 2234 hash
1255 2236 bitwise-and smallint aggregate
1255 2237 bitwise-or smallint aggregate
1255 2238 bitwise-and integer aggregate
1255 2239 bitwise-or integer aggregate
1255 2240 bitwise-and bigint aggregate
1255 2241 bitwise-or bigint aggregate
1255 2242 bitwise-and bit aggregate
1255 2243 bitwise-or bit aggregate
1255 2244 maximum value of all bpchar input values
1255 2245 minimum value of all bpchar input values
1255 2246 (internal)
1255 2247 (internal)
1255 2248 (internal)
1255 2250 user privilege on database by username, database name
1255 2251 user privilege on database by username, database oid
1255 2252 user privilege on database by user oid, database name
1255 2253 user privilege on database by user oid, database oid
1255 2254 current user privilege on database by database name
1255 2255 current user privilege on database by database oid
1255 2256 user privilege on function by username, function name
1255 2257 user privilege on function by username, function oid
1255 2258 user privilege on function by user oid, function name
1255 2259 user privilege on function by user oid, function oid
1255 2260 current user privilege on function by function name
1255 2261 current user privilege on function by function oid
1255 2262 user privilege on language by username, language name
1255 2263 user privilege on language by username, language oid
1255 2264 user privilege on language by user oid, language name
1255 2265 user privilege on language by user oid, language oid
1255 2266 current user privilege on language by language name
1255 2267 current user privilege on language by language oid
1255 2268 user privilege on schema by username, schema name
1255 2269 user privilege on schema by username, schema oid
1255 2270 user privilege on schema by user oid, schema name
1255 2271 user privilege on schema by user oid, schema oid
1255 2272 current user privilege on schema by schema name
1255 2273 current user privilege on schema by schema oid
1255 2274 statistics: reset collected statistics for current database
1255 2282 information about all memory contexts of local backend
1255 2284 replace text using regexp
1255 2285 replace text using regexp
1255 2286 total disk space usage for the specified table and associated indexes
1255 2288 convert a long int to a human readable text using size units
1255 2289 convert generic options array to name/value table
1255 2290 I/O
1255 2291 I/O
1255 2292 I/O
1255 2293 I/O
1255 2294 I/O
1255 2295 I/O
1255 2296 I/O
1255 2297 I/O
1255 2298 I/O
1255 2299 I/O
1255 2300 I/O
1255 2301 I/O
1255 2302 I/O
1255 2303 I/O
1255 2304 I/O
1255 2305 I/O
1255 2306 statistics: information about SLRU caches
1255 2307 statistics: reset collected statistics for a single SLRU
1255 2308 nearest integer >= value
1255 2309 nearest integer <= value
1255 2310 sign of value
1255 2311 MD5 hash
1255 2312 I/O
1255 2313 I/O
1255 2316 (internal)
1255 2319 maximum octet length of a character in given encoding
1255 2320 nearest integer >= value
1255 2321 MD5 hash
1255 2322 total disk space usage for the specified tablespace
1255 2323 total disk space usage for the specified tablespace
1255 2324 total disk space usage for the specified database
1255 2325 disk space usage for the main fork of the specified table or index
1255 2331 expand array to set of rows
1255 2332 disk space usage for the specified fork of a table or index
1255 2333 aggregate transition function
1255 2334 aggregate final function
1255 2335 concatenate aggregate input into an array
1255 2338 implementation of < operator
1255 2339 implementation of <= operator
1255 2340 implementation of = operator
1255 2341 implementation of > operator
1255 2342 implementation of >= operator
1255 2343 implementation of <> operator
1255 2344 less-equal-greater
1255 2351 implementation of < operator
1255 2352 implementation of <= operator
1255 2353 implementation of = operator
1255 2354 implementation of > operator
1255 2355 implementation of >= operator
1255 2356 implementation of <> operator
1255 2357 less-equal-greater
1255 2364 implementation of < operator
1255 2365 implementation of <= operator
1255 2366 implementation of = operator
1255 2367 implementation of > operator
1255 2368 implementation of >= operator
1255 2369 implementation of <> operator
1255 2370 less-equal-greater
1255 2377 implementation of < operator
1255 2378 implementation of <= operator
1255 2379 implementation of = operator
1255 2380 implementation of > operator
1255 2381 implementation of >= operator
1255 2382 implementation of <> operator
1255 2383 less-equal-greater
1255 2390 user privilege on tablespace by username, tablespace name
1255 2391 user privilege on tablespace by username, tablespace oid
1255 2392 user privilege on tablespace by user oid, tablespace name
1255 2393 user privilege on tablespace by user oid, tablespace oid
1255 2394 current user privilege on tablespace by tablespace name
1255 2395 current user privilege on tablespace by tablespace oid
1255 2398 I/O
1255 2399 I/O
1255 2400 I/O
1255 2401 I/O
1255 2402 I/O
1255 2403 I/O
1255 2404 I/O
1255 2405 I/O
1255 2406 I/O
1255 2407 I/O
1255 2408 I/O
1255 2409 I/O
1255 2410 I/O
1255 2411 I/O
1255 2412 I/O
1255 2413 I/O
1255 2414 I/O
1255 2415 I/O
1255 2416 I/O
1255 2417 I/O
1255 2418 I/O
1255 2419 I/O
1255 2420 I/O
1255 2421 I/O
1255 2422 I/O
1255 2423 I/O
1255 2424 I/O
1255 2425 I/O
1255 2426 I/O
1255 2427 I/O
1255 2428 I/O
1255 2429 I/O
1255 2430 I/O
1255 2431 I/O
1255 2432 I/O
1255 2433 I/O
1255 2434 I/O
1255 2435 I/O
1255 2436 I/O
1255 2437 I/O
1255 2438 I/O
1255 2439 I/O
1255 2440 I/O
1255 2441 I/O
1255 2442 I/O
1255 2443 I/O
1255 2444 I/O
1255 2445 I/O
1255 2446 I/O
1255 2447 I/O
1255 2448 I/O
1255 2449 I/O
1255 2450 I/O
1255 2451 I/O
1255 2452 I/O
1255 2453 I/O
1255 2454 I/O
1255 2455 I/O
1255 2456 I/O
1255 2457 I/O
1255 2458 I/O
1255 2459 I/O
1255 2460 I/O
1255 2461 I/O
1255 2462 hyperbolic sine
1255 2463 hyperbolic cosine
1255 2464 hyperbolic tangent
1255 2465 inverse hyperbolic sine
1255 2466 inverse hyperbolic cosine
1255 2467 inverse hyperbolic tangent
1255 2468 I/O
1255 2469 I/O
1255 2470 I/O
1255 2471 I/O
1255 2472 I/O
1255 2473 I/O
1255 2474 I/O
1255 2475 I/O
1255 2476 I/O
1255 2477 I/O
1255 2478 I/O
1255 2479 I/O
1255 2480 I/O
1255 2481 I/O
1255 2482 I/O
1255 2483 I/O
1255 2484 I/O
1255 2485 I/O
1255 2486 I/O
1255 2487 I/O
1255 2488 I/O
1255 2489 I/O
1255 2490 I/O
1255 2491 I/O
1255 2492 I/O
1255 2493 I/O
1255 2494 I/O
1255 2495 I/O
1255 2496 I/O
1255 2497 I/O
1255 2498 I/O
1255 2499 I/O
1255 2500 I/O
1255 2501 I/O
1255 2502 I/O
1255 2503 I/O
1255 2504 source text of a rule with pretty-print option
1255 2505 select statement of a view with pretty-print option
1255 2506 select statement of a view with pretty-print option
1255 2507 index description (full create statement or single expression) with pretty-print option
1255 2508 constraint description with pretty-print option
1255 2509 deparse an encoded expression with pretty-print option
1255 2510 get the prepared statements for this session
1255 2511 get the open cursors for this session
1255 2512 aggregate final function
1255 2513 aggregate final function
1255 2514 aggregate final function
1255 2515 aggregate transition function
1255 2516 aggregate transition function
1255 2517 boolean-and aggregate
1255 2518 boolean-or aggregate
1255 2519 boolean-and aggregate
1255 2520 implementation of < operator
1255 2521 implementation of <= operator
1255 2522 implementation of = operator
1255 2523 implementation of > operator
1255 2524 implementation of >= operator
1255 2525 implementation of <> operator
1255 2526 less-equal-greater
1255 2527 implementation of < operator
1255 2528 implementation of <= operator
1255 2529 implementation of = operator
1255 2530 implementation of > operator
1255 2531 implementation of >= operator
1255 2532 implementation of <> operator
1255 2533 less-equal-greater
1255 2546 implementation of + operator
1255 2547 implementation of + operator
1255 2548 implementation of + operator
1255 2549 implementation of + operator
1255 2550 implementation of + operator
1255 2556 get OIDs of databases in a tablespace
1255 2557 convert int4 to boolean
1255 2558 convert boolean to int4
1255 2559 current value from last used sequence
1255 2560 postmaster start time
1255 2561 get array of PIDs of sessions blocking specified backend PID from acquiring a heavyweight lock
1255 2562 implementation of <<| operator
1255 2563 implementation of &<| operator
1255 2564 implementation of |&> operator
1255 2565 implementation of |>> operator
1255 2566 implementation of <<| operator
1255 2567 implementation of &<| operator
1255 2568 implementation of |&> operator
1255 2569 implementation of |>> operator
1255 2578 GiST support
1255 2580 convert jsonb to float8
1255 2581 GiST support
1255 2582 GiST support
1255 2583 GiST support
1255 2584 GiST support
1255 2585 GiST support
1255 2586 GiST support
1255 2587 implementation of &<| operator
1255 2588 implementation of |&> operator
1255 2591 GiST support
1255 2592 GiST support
1255 2596 aggregate final function
1255 2597 I/O
1255 2598 I/O
1255 2599 get the available time zone abbreviations
1255 2614 test XML value against XPath expression
1255 2621 reload configuration files
1255 2622 rotate log file
1255 2623 get information about file
1255 2624 read text from a file
1255 2625 list all files in a directory
1255 2626 sleep for the specified time in seconds
1255 2627 implementation of ~ operator
1255 2628 implementation of & operator
1255 2629 implementation of | operator
1255 2630 implementation of + operator
1255 2631 implementation of + operator
1255 2632 implementation of - operator
1255 2633 implementation of - operator
1255 2641 sample variance of bigint input values (square of the sample standard deviation)
1255 2642 sample variance of integer input values (square of the sample standard deviation)
1255 2643 sample variance of smallint input values (square of the sample standard deviation)
1255 2644 sample variance of float4 input values (square of the sample standard deviation)
1255 2645 sample variance of float8 input values (square of the sample standard deviation)
1255 2646 sample variance of numeric input values (square of the sample standard deviation)
1255 2647 current transaction time
1255 2648 current statement time
1255 2649 current clock time
1255 2700 GIN tsvector support
1255 2705 user privilege on role by username, role name
1255 2706 user privilege on role by username, role oid
1255 2707 user privilege on role by user oid, role name
1255 2708 user privilege on role by user oid, role oid
1255 2709 current user privilege on role by role name
1255 2710 current user privilege on role by role oid
1255 2711 promote groups of 24 hours to numbers of days and promote groups of 30 days to numbers of months
1255 2712 sample standard deviation of bigint input values
1255 2713 sample standard deviation of integer input values
1255 2714 sample standard deviation of smallint input values
1255 2715 sample standard deviation of float4 input values
1255 2716 sample standard deviation of float8 input values
1255 2717 sample standard deviation of numeric input values
1255 2718 population variance of bigint input values (square of the population standard deviation)
1255 2719 population variance of integer input values (square of the population standard deviation)
1255 2720 population variance of smallint input values (square of the population standard deviation)
1255 2721 population variance of float4 input values (square of the population standard deviation)
1255 2722 population variance of float8 input values (square of the population standard deviation)
1255 2723 population variance of numeric input values (square of the population standard deviation)
1255 2724 population standard deviation of bigint input values
1255 2725 population standard deviation of integer input values
1255 2726 population standard deviation of smallint input values
1255 2727 population standard deviation of float4 input values
1255 2728 population standard deviation of float8 input values
1255 2729 population standard deviation of numeric input values
1255 2730 trigger description with pretty-print option
1255 2731 arcsine, degrees
1255 2732 arccosine, degrees
1255 2733 arctangent, degrees
1255 2734 arctangent, two arguments, degrees
1255 2735 sine, degrees
1255 2736 cosine, degrees
1255 2737 tangent, degrees
1255 2738 cotangent, degrees
1255 2739 finish taking an online backup
1255 2740 aggregate serial function
1255 2741 aggregate deserial function
1255 2743 GIN array support
1255 2744 GIN array support
1255 2746 aggregate transition function
1255 2747 implementation of && operator
1255 2748 implementation of @> operator
1255 2749 implementation of <@ operator
1255 2758 statistics: tuples returned for database
1255 2759 statistics: tuples fetched for database
1255 2760 statistics: tuples inserted in database
1255 2761 statistics: tuples updated in database
1255 2762 statistics: tuples deleted in database
1255 2763 find match(es) for regexp
1255 2764 find match(es) for regexp
1255 2765 split string by pattern
1255 2766 split string by pattern
1255 2767 split string by pattern
1255 2768 split string by pattern
1255 2769 statistics: number of timed checkpoints started by the bgwriter
1255 2770 statistics: number of backend requested checkpoints started by the bgwriter
1255 2771 statistics: number of buffers written by the bgwriter during checkpoints
1255 2772 statistics: number of buffers written by the bgwriter for cleaning dirty buffers
1255 2773 statistics: number of times the bgwriter stopped processing when it had written too many buffers while cleaning
1255 2774 GIN array support
1255 2775 statistics: number of buffers written by backends
1255 2777 I/O
1255 2778 I/O
1255 2781 statistics: last manual vacuum time for a table
1255 2782 statistics: last auto vacuum time for a table
1255 2783 statistics: last manual analyze time for a table
1255 2784 statistics: last auto analyze time for a table
1255 2785 aggregate combine function
1255 2786 aggregate serial function
1255 2787 aggregate deserial function
1255 2788 statistics: wait event type on which backend is currently waiting
1255 2790 implementation of > operator
1255 2791 implementation of < operator
1255 2792 implementation of >= operator
1255 2793 implementation of <= operator
1255 2794 less-equal-greater
1255 2795 larger of two
1255 2796 smaller of two
1255 2797 maximum value of all tid input values
1255 2798 minimum value of all tid input values
1255 2803 number of input rows
1255 2804 increment, ignores second argument
1255 2805 aggregate transition function
1255 2806 aggregate transition function
1255 2807 aggregate final function
1255 2808 aggregate final function
1255 2809 aggregate final function
1255 2810 aggregate final function
1255 2811 aggregate final function
1255 2812 aggregate final function
1255 2813 aggregate final function
1255 2814 aggregate final function
1255 2815 aggregate final function
1255 2816 aggregate final function
1255 2817 aggregate final function
1255 2818 number of input rows in which both expressions are not null
1255 2819 sum of squares of the independent variable (sum(X^2) - sum(X)^2/N)
1255 2820 sum of squares of the dependent variable (sum(Y^2) - sum(Y)^2/N)
1255 2821 sum of products of independent times dependent variable (sum(X*Y) - sum(X) * sum(Y)/N)
1255 2822 average of the independent variable (sum(X)/N)
1255 2823 average of the dependent variable (sum(Y)/N)
1255 2824 square of the correlation coefficient
1255 2825 slope of the least-squares-fit linear equation determined by the (X, Y) pairs
1255 2826 y-intercept of the least-squares-fit linear equation determined by the (X, Y) pairs
1255 2827 population covariance
1255 2828 sample covariance
1255 2829 correlation coefficient
1255 2844 statistics: block read time, in milliseconds
1255 2845 statistics: block write time, in milliseconds
1255 2848 switch to new wal file
1255 2849 current wal write location
1255 2850 wal filename and byte offset, given a wal location
1255 2851 wal filename, given a wal location
1255 2852 current wal insert location
1255 2853 statistics: wait event on which backend is currently waiting
1255 2854 get OID of current session's temp schema, if any
1255 2855 is schema another session's temp schema?
1255 2856 get the available time zone names
1255 2857 statistics: start time for backend's current transaction
1255 2858 aggregate transition function
1255 2859 statistics: number of buffer allocations
1255 2878 statistics: number of live tuples
1255 2879 statistics: number of dead tuples
1255 2880 obtain exclusive advisory lock
1255 2881 obtain shared advisory lock
1255 2882 obtain exclusive advisory lock if available
1255 2883 obtain shared advisory lock if available
1255 2884 release exclusive advisory lock
1255 2885 release shared advisory lock
1255 2886 obtain exclusive advisory lock
1255 2887 obtain shared advisory lock
1255 2888 obtain exclusive advisory lock if available
1255 2889 obtain shared advisory lock if available
1255 2890 release exclusive advisory lock
1255 2891 release shared advisory lock
1255 2892 release all advisory locks
1255 2893 I/O
1255 2894 I/O
1255 2895 generate XML comment
1255 2896 perform a non-validating parse of a character string to produce an XML value
1255 2897 validate an XML value
1255 2898 I/O
1255 2899 I/O
1255 2900 aggregate transition function
1255 2901 concatenate XML values
1255 2902 I/O typmod
1255 2903 I/O typmod
1255 2904 I/O typmod
1255 2905 I/O typmod
1255 2906 I/O typmod
1255 2907 I/O typmod
1255 2908 I/O typmod
1255 2909 I/O typmod
1255 2910 I/O typmod
1255 2911 I/O typmod
1255 2912 I/O typmod
1255 2913 I/O typmod
1255 2914 I/O typmod
1255 2915 I/O typmod
1255 2916 I/O typmod
1255 2917 I/O typmod
1255 2918 I/O typmod
1255 2919 I/O typmod
1255 2920 I/O typmod
1255 2921 I/O typmod
1255 2922 serialize an XML value to a character string
1255 2923 map table contents to XML
1255 2924 map query result to XML
1255 2925 map rows from cursor to XML
1255 2926 map table structure to XML Schema
1255 2927 map query result structure to XML Schema
1255 2928 map cursor structure to XML Schema
1255 2929 map table contents and structure to XML and XML Schema
1255 2930 map query result and structure to XML and XML Schema
1255 2931 evaluate XPath expression, with namespaces support
1255 2932 evaluate XPath expression
1255 2933 map schema contents to XML
1255 2934 map schema structure to XML Schema
1255 2935 map schema contents and structure to XML and XML Schema
1255 2936 map database contents to XML
1255 2937 map database structure to XML Schema
1255 2938 map database contents and structure to XML and XML Schema
1255 2939 I/O
1255 2940 I/O
1255 2941 I/O
1255 2942 I/O
1255 2943 get current transaction ID
1255 2944 get current snapshot
1255 2945 get xmin of snapshot
1255 2946 get xmax of snapshot
1255 2947 get set of in-progress txids in snapshot
1255 2948 is txid visible in snapshot?
1255 2952 I/O
1255 2953 I/O
1255 2954 implementation of < operator
1255 2955 implementation of <= operator
1255 2956 implementation of = operator
1255 2957 implementation of >= operator
1255 2958 implementation of > operator
1255 2959 implementation of <> operator
1255 2960 less-equal-greater
1255 2961 I/O
1255 2962 I/O
1255 2963 hash
1255 2971 convert boolean to text
1255 2978 statistics: number of function calls
1255 2979 statistics: total execution time of function, in milliseconds
1255 2980 statistics: self execution time of function, in milliseconds
1255 2981 implementation of = operator
1255 2982 implementation of <> operator
1255 2983 implementation of < operator
1255 2984 implementation of > operator
1255 2985 implementation of <= operator
1255 2986 implementation of >= operator
1255 2987 less-equal-greater
1255 2997 disk space usage for the specified table, including TOAST, free space and visibility map
1255 2998 disk space usage for all indexes attached to the specified table
1255 2999 filenode identifier of relation
1255 3000 user privilege on foreign data wrapper by username, foreign data wrapper name
1255 3001 user privilege on foreign data wrapper by username, foreign data wrapper oid
1255 3002 user privilege on foreign data wrapper by user oid, foreign data wrapper name
1255 3003 user privilege on foreign data wrapper by user oid, foreign data wrapper oid
1255 3004 current user privilege on foreign data wrapper by foreign data wrapper name
1255 3005 current user privilege on foreign data wrapper by foreign data wrapper oid
1255 3006 user privilege on server by username, server name
1255 3007 user privilege on server by username, server oid
1255 3008 user privilege on server by user oid, server name
1255 3009 user privilege on server by user oid, server oid
1255 3010 current user privilege on server by server name
1255 3011 current user privilege on server by server oid
1255 3012 user privilege on column by username, rel name, col name
1255 3013 user privilege on column by username, rel name, col attnum
1255 3014 user privilege on column by username, rel oid, col name
1255 3015 user privilege on column by username, rel oid, col attnum
1255 3016 user privilege on column by user oid, rel name, col name
1255 3017 user privilege on column by user oid, rel name, col attnum
1255 3018 user privilege on column by user oid, rel oid, col name
1255 3019 user privilege on column by user oid, rel oid, col attnum
1255 3020 current user privilege on column by rel name, col name
1255 3021 current user privilege on column by rel name, col attnum
1255 3022 current user privilege on column by rel oid, col name
1255 3023 current user privilege on column by rel oid, col attnum
1255 3024 user privilege on any column by username, rel name
1255 3025 user privilege on any column by username, rel oid
1255 3026 user privilege on any column by user oid, rel name
1255 3027 user privilege on any column by user oid, rel oid
1255 3028 current user privilege on any column by rel name
1255 3029 current user privilege on any column by rel oid
1255 3030 substitute portion of bitstring
1255 3031 substitute portion of bitstring
1255 3032 get bit
1255 3033 set bit
1255 3034 file path of relation
1255 3035 get the channels that the current backend listens to
1255 3036 send a notification event
1255 3037 statistics: number of scans done for table/index in current transaction
1255 3038 statistics: number of tuples read by seqscan in current transaction
1255 3039 statistics: number of tuples fetched by idxscan in current transaction
1255 3040 statistics: number of tuples inserted in current transaction
1255 3041 statistics: number of tuples updated in current transaction
1255 3042 statistics: number of tuples deleted in current transaction
1255 3043 statistics: number of tuples hot updated in current transaction
1255 3044 statistics: number of blocks fetched in current transaction
1255 3045 statistics: number of blocks found in cache in current transaction
1255 3046 statistics: number of function calls in current transaction
1255 3047 statistics: total execution time of function in current transaction, in milliseconds
1255 3048 statistics: self execution time of function in current transaction, in milliseconds
1255 3049 test XML value against XPath expression, with namespace support
1255 3050 test XML value against XPath expression
1255 3051 determine if a string is well formed XML
1255 3052 determine if a string is well formed XML document
1255 3053 determine if a string is well formed XML content
1255 3054 statistics: number of manual vacuums for a table
1255 3055 statistics: number of auto vacuums for a table
1255 3056 statistics: number of manual analyzes for a table
1255 3057 statistics: number of auto analyzes for a table
1255 3058 concatenate values
1255 3059 concatenate values with separators
1255 3060 extract the first n characters
1255 3061 extract the last n characters
1255 3062 reverse text
1255 3063 statistics: number of backend buffer writes that did their own fsync
1255 3064 GiST support
1255 3065 statistics: recovery conflicts in database caused by drop tablespace
1255 3066 statistics: recovery conflicts in database caused by relation lock
1255 3067 statistics: recovery conflicts in database caused by snapshot expiry
1255 3068 statistics: recovery conflicts in database caused by shared buffer pin
1255 3069 statistics: recovery conflicts in database caused by buffer deadlock
1255 3070 statistics: recovery conflicts in database
1255 3071 pause wal replay
1255 3072 resume wal replay, if it was paused
1255 3073 true if wal replay is paused
1255 3074 statistics: last reset for a database
1255 3075 statistics: last reset for the bgwriter
1255 3076 GIN array support (obsolete)
1255 3077 GIN tsvector support (obsolete)
1255 3078 sequence parameters, for use by information schema
1255 3082 list available extensions
1255 3083 list available extension versions
1255 3084 list an extension's version update paths
1255 3086 flag an extension's table contents to be emitted by pg_dump
1255 3087 GIN tsvector support (obsolete)
1255 3088 GIN tsvector support (obsolete)
1255 3089 obtain exclusive advisory lock
1255 3090 obtain shared advisory lock
1255 3091 obtain exclusive advisory lock if available
1255 3092 obtain shared advisory lock if available
1255 3093 obtain exclusive advisory lock
1255 3094 obtain shared advisory lock
1255 3095 obtain exclusive advisory lock if available
1255 3096 obtain shared advisory lock if available
1255 3097 planner support for varchar length coercion
1255 3098 create a named restore point
1255 3099 statistics: information about currently active replication
1255 3100 row number within partition
1255 3101 integer rank with gaps
1255 3102 integer rank without gaps
1255 3103 fractional rank within partition
1255 3104 fractional row number within partition
1255 3105 split rows into N groups
1255 3106 fetch the preceding row value
1255 3107 fetch the Nth preceding row value
1255 3108 fetch the Nth preceding row value with default
1255 3109 fetch the following row value
1255 3110 fetch the Nth following row value
1255 3111 fetch the Nth following row value with default
1255 3112 fetch the first row value
1255 3113 fetch the last row value
1255 3114 fetch the Nth row value
1255 3116 I/O
1255 3117 I/O
1255 3120 I/O
1255 3121 I/O
1255 3129 sort support
1255 3130 sort support
1255 3131 sort support
1255 3132 sort support
1255 3133 sort support
1255 3134 sort support
1255 3135 sort support
1255 3136 sort support
1255 3137 sort support
1255 3138 user privilege on type by username, type name
1255 3139 user privilege on type by username, type oid
1255 3140 user privilege on type by user oid, type name
1255 3141 user privilege on type by user oid, type oid
1255 3142 current user privilege on type by type name
1255 3143 current user privilege on type by type oid
1255 3144 implementation of ~ operator
1255 3145 implementation of & operator
1255 3146 implementation of | operator
1255 3150 statistics: number of temporary files written
1255 3151 statistics: number of bytes in temporary files written
1255 3152 statistics: deadlocks detected in database
1255 3153 map array to json
1255 3154 map array to json with optional pretty printing
1255 3155 map row to json
1255 3156 map row to json with optional pretty printing
1255 3157 planner support for numeric length coercion
1255 3158 planner support for varbit length coercion
1255 3159 select statement of a view with pretty-printing and specified line wrapping
1255 3160 statistics: checkpoint time spent writing buffers to disk, in milliseconds
1255 3161 statistics: checkpoint time spent synchronizing buffers to disk, in milliseconds
1255 3162 collation of the argument; implementation of the COLLATION FOR expression
1255 3163 current trigger depth
1255 3165 difference in bytes, given two wal locations
1255 3166 convert a numeric to a human readable text using size units
1255 3167 remove any occurrences of an element from an array
1255 3168 replace any occurrences of an element in an array
1255 3169 restriction selectivity for range operators
1255 3170 large object seek (64 bit)
1255 3171 large object position (64 bit)
1255 3172 truncate large object (64 bit)
1255 3173 json aggregate transition function
1255 3174 json aggregate final function
1255 3175 aggregate input into json
1255 3176 map input to json
1255 3177 statistics: number of tuples changed since last analyze
1255 3178 aggregate final function
1255 3179 array cardinality
1255 3180 json object aggregate transition function
1255 3181 implementation of *= operator
1255 3182 implementation of *<> operator
1255 3183 implementation of *< operator
1255 3184 implementation of *> operator
1255 3185 implementation of *<= operator
1255 3186 implementation of *>= operator
1255 3187 less-equal-greater based on byte images
1255 3195 statistics: information about WAL archiver
1255 3196 json object aggregate final function
1255 3197 aggregate input into a json object
1255 3198 build a json array from any inputs
1255 3199 build an empty json array
1255 3200 build a json object from pairwise key/value inputs
1255 3201 build an empty json object
1255 3202 map text array of key value pairs to json object
1255 3203 map text arrays of keys and values to json object
1255 3204 get record fields from a json object
1255 3205 get set of records with fields from a json array of objects
1255 3207 length of jsonb array
1255 3208 key value pairs of a jsonb object
1255 3209 get record fields from a jsonb object
1255 3210 get the type of a jsonb value
1255 3214 implementation of ->> operator
1255 3215 implementation of -> operator
1255 3216 implementation of ->> operator
1255 3217 get value from jsonb with path elements
1255 3218 bucket number of operand given a sorted array of bucket lower bounds
1255 3219 elements of a jsonb array
1255 3229 I/O
1255 3230 I/O
1255 3231 implementation of < operator
1255 3232 implementation of <= operator
1255 3233 implementation of = operator
1255 3234 implementation of >= operator
1255 3235 implementation of > operator
1255 3236 implementation of <> operator
1255 3237 implementation of - operator
1255 3238 I/O
1255 3239 I/O
1255 3251 less-equal-greater
1255 3252 hash
1255 3255 sort support
1255 3259 non-persistent series generator
1255 3260 non-persistent series generator
1255 3261 remove object fields with null values from json
1255 3262 remove object fields with null values from jsonb
1255 3263 map text array of key value pairs to jsonb object
1255 3264 map text array of key value pairs to jsonb object
1255 3265 jsonb aggregate transition function
1255 3266 jsonb aggregate final function
1255 3267 aggregate input into jsonb
1255 3268 jsonb object aggregate transition function
1255 3269 jsonb object aggregate final function
1255 3270 aggregate inputs into jsonb object
1255 3271 build a jsonb array from any inputs
1255 3272 build an empty jsonb array
1255 3273 build a jsonb object from pairwise key/value inputs
1255 3274 build an empty jsonb object
1255 3275 implementation of <-> operator
1255 3277 returns an offset of value in array
1255 3278 returns an offset of value in array with start index
1255 3279 returns an array of offsets of some value in array
1255 3280 GiST support
1255 3281 number of decimal digits in the fractional part
1255 3282 GiST support
1255 3283 sort support
1255 3288 GiST support
1255 3290 implementation of <-> operator
1255 3292 implementation of <-> operator
1255 3293 read text from a file
1255 3294 SHOW X as a function, optionally no error for missing variable
1255 3295 read bytea from a file
1255 3296 get the fraction of the asynchronous notification queue currently in use
1255 3297 list all files in a directory
1255 3298 row security for current context active on table by table oid
1255 3299 row security for current context active on table by table name
1255 3300 sort support
1255 3301 implementation of || operator
1255 3302 implementation of - operator
1255 3303 implementation of - operator
1255 3304 implementation of #- operator
1255 3305 Set part of a jsonb
1255 3306 Indented text from jsonb
1255 3307 get information about file
1255 3308 implementation of <> operator
1255 3309 implementation of <> operator
1255 3311 I/O
1255 3312 I/O
1255 3313 BERNOULLI tablesample method handler
1255 3314 SYSTEM tablesample method handler
1255 3317 statistics: information about WAL receiver
1255 3318 statistics: information about progress of backends running maintenance command
1255 3319 delete lexemes that do not have one of the given weights
1255 3320 set given weight for given lexemes
1255 3321 delete lexeme
1255 3322 expand tsvector to set of rows
1255 3323 delete given lexemes
1255 3324 aggregate combine function
1255 3325 aggregate combine function
1255 3326 convert tsvector to array of lexemes
1255 3327 build tsvector from array of lexemes
1255 3328 sort support
1255 3329 show config file settings
1255 3330 current wal flush location
1255 3331 sort support
1255 3332 sort support
1255 3333 sort support
1255 3334 convert a size in human-readable format with size units into bytes
1255 3335 aggregate serial function
1255 3336 aggregate deserial function
1255 3337 aggregate combine function
1255 3338 aggregate combine function
1255 3339 aggregate serial function
1255 3340 aggregate deserial function
1255 3341 aggregate combine function
1255 3342 aggregate combine function
1255 3343 implementation of - operator
1255 3344 implementation of * operator
1255 3345 implementation of / operator
1255 3348 get current transaction ID
1255 3352 partition key description
1255 3353 list files in the log directory
1255 3354 list of files in the WAL directory
1255 3355 I/O
1255 3356 I/O
1255 3357 I/O
1255 3358 I/O
1255 3359 sort support
1255 3360 commit status of transaction
1255 3376 get array of PIDs of sessions blocking specified backend PID from acquiring a safe snapshot
1255 3378 isolationtester support function
1255 3382 get identification of SQL object for pg_get_object_address()
1255 3383 BRIN minmax support
1255 3384 BRIN minmax support
1255 3385 BRIN minmax support
1255 3386 BRIN minmax support
1255 3387 aggregate transition function
1255 3388 aggregate final function
1255 3389 aggregate final function
1255 3390 aggregate final function
1255 3391 aggregate final function
1255 3392 aggregate final function
1255 3393 aggregate final function
1255 3396 find first match for regexp
1255 3397 find first match for regexp
1255 3399 implementation of * operator
1255 3400 pg_config binary as a function
1255 3401 show pg_hba.conf rules
1255 3403 is statistics object visible in search path?
1255 3404 I/O
1255 3405 I/O
1255 3406 I/O
1255 3407 I/O
1255 3408 partition constraint description
1255 3409 hash
1255 3410 hash
1255 3411 hash
1255 3412 hash
1255 3413 hash
1255 3414 hash
1255 3415 extended statistics object description
1255 3416 hash
1255 3417 hash a range
1255 3418 hash
1255 3419 SHA-224 hash
1255 3420 SHA-256 hash
1255 3421 SHA-384 hash
1255 3422 SHA-512 hash
1255 3423 view partition tree tables
1255 3424 get top-most partition root parent
1255 3425 view ancestors of the partition
1255 3426 statistics: checksum failures detected in database
1255 3427 details about MCV list items
1255 3428 statistics: when last checksum failure was detected in database
1255 3432 generate random UUID
1255 3434 GiST tsvector support
1255 3435 sort support
1255 3436 promote standby server
1255 3437 restriction selectivity of exact prefix
1255 3438 join selectivity of exact prefix
1255 3441 pg_controldata general state information as a function
1255 3442 pg_controldata checkpoint state information as a function
1255 3443 pg_controldata recovery state information as a function
1255 3444 pg_controldata init state information as a function
1255 3445 import collations from operating system
1255 3446 I/O
1255 3447 I/O
1255 3448 get actual version of collation from operating system
1255 3449 convert jsonb to numeric
1255 3450 convert jsonb to int2
1255 3451 convert jsonb to int4
1255 3452 convert jsonb to int8
1255 3453 convert jsonb to float4
1255 3454 relation OID for filenode and tablespace
1255 3457 create new large object with given content
1255 3458 read entire large object
1255 3459 read large object from offset for length
1255 3460 write data at offset
1255 3461 construct timestamp
1255 3462 construct timestamp with time zone
1255 3463 construct timestamp with time zone
1255 3464 construct interval
1255 3465 elements of jsonb array
1255 3469 SP-GiST support for quad tree over range
1255 3470 SP-GiST support for quad tree over range
1255 3471 SP-GiST support for quad tree over range
1255 3472 SP-GiST support for quad tree over range
1255 3473 SP-GiST support for quad tree over range
1255 3475 get set of records with fields from a jsonb array of objects
1255 3476 convert operator name to regoperator
1255 3478 implementation of -> operator
1255 3479 convert proname to regprocedure
1255 3480 GIN support
1255 3482 GIN support
1255 3483 GIN support
1255 3484 GIN support
1255 3485 GIN support
1255 3486 GIN support
1255 3487 GIN support
1255 3488 GIN support
1255 3489 GIN support
1255 3490 get record fields from a jsonb object
1255 3491 get set of records with fields from a jsonb array of objects
1255 3492 convert operator name to regoper
1255 3493 convert type name to regtype
1255 3494 convert proname to regproc
1255 3495 convert classname to regclass
1255 3496 aggregate transition function
1255 3497 aggregate transition function
1255 3498 aggregate final function
1255 3499 aggregate final function
1255 3504 I/O
1255 3505 I/O
1255 3506 I/O
1255 3507 I/O
1255 3508 implementation of = operator
1255 3509 implementation of <> operator
1255 3510 implementation of < operator
1255 3511 implementation of > operator
1255 3512 implementation of <= operator
1255 3513 implementation of >= operator
1255 3514 less-equal-greater
1255 3515 hash
1255 3524 smaller of two
1255 3525 larger of two
1255 3526 maximum value of all enum input values
1255 3527 minimum value of all enum input values
1255 3528 first value of the input enum type
1255 3529 last value of the input enum type
1255 3530 range between the two given enum values, as an ordered array
1255 3531 range of the given enum type, as an ordered array
1255 3532 I/O
1255 3533 I/O
1255 3535 aggregate transition function
1255 3536 aggregate final function
1255 3537 get identification of SQL object
1255 3538 concatenate aggregate input into a string
1255 3539 format text message
1255 3540 format text message
1255 3543 aggregate transition function
1255 3544 aggregate final function
1255 3545 concatenate aggregate input into a bytea
1255 3546 decrement
1255 3547 decrement, ignores second argument
1255 3548 aggregate transition function
1255 3549 aggregate transition function
1255 3551 implementation of && operator
1255 3553 GiST support
1255 3554 GiST support
1255 3555 GiST support
1255 3556 convert jsonb to boolean
1255 3557 GiST support
1255 3558 GiST support
1255 3559 GiST support
1255 3560 restriction selectivity for network operators
1255 3561 join selectivity for network operators
1255 3562 larger of two
1255 3563 smaller of two
1255 3564 maximum value of all inet input values
1255 3565 minimum value of all inet input values
1255 3566 list objects dropped by the current command
1255 3567 aggregate transition function
1255 3568 aggregate transition function
1255 3569 aggregate transition function
1255 3570 aggregate transition function
1255 3571 aggregate transition function
1255 3572 aggregate final function
1255 3573 GiST support
1255 3577 emit a textual logical decoding message
1255 3578 emit a binary logical decoding message
1255 3579 Insert value into a jsonb
1255 3581 get commit timestamp of a transaction
1255 3582 for use by pg_upgrade
1255 3583 get transaction Id, commit timestamp and replication origin of latest transaction commit
1255 3584 for use by pg_upgrade
1255 3586 for use by pg_upgrade
1255 3587 for use by pg_upgrade
1255 3588 for use by pg_upgrade
1255 3589 for use by pg_upgrade
1255 3590 for use by pg_upgrade
1255 3591 for use by pg_upgrade
1255 3594 I/O
1255 3595 I/O
1255 3610 I/O
1255 3611 I/O
1255 3612 I/O
1255 3613 I/O
1255 3616 implementation of < operator
1255 3617 implementation of <= operator
1255 3618 implementation of = operator
1255 3619 implementation of <> operator
1255 3620 implementation of >= operator
1255 3621 implementation of > operator
1255 3622 less-equal-greater
1255 3623 strip position information
1255 3624 set given weight for whole tsvector
1255 3625 implementation of || operator
1255 3634 implementation of @@ operator
1255 3635 implementation of @@ operator
1255 3638 I/O
1255 3639 I/O
1255 3640 I/O
1255 3641 I/O
1255 3646 I/O
1255 3647 I/O
1255 3648 GiST tsvector support
1255 3649 GiST tsvector support
1255 3650 GiST tsvector support
1255 3651 GiST tsvector support
1255 3652 GiST tsvector support
1255 3653 GiST tsvector support
1255 3654 GiST tsvector support
1255 3656 GIN tsvector support
1255 3657 GIN tsvector support
1255 3658 GIN tsvector support
1255 3662 implementation of < operator
1255 3663 implementation of <= operator
1255 3664 implementation of = operator
1255 3665 implementation of <> operator
1255 3666 implementation of >= operator
1255 3667 implementation of > operator
1255 3668 less-equal-greater
1255 3669 implementation of && operator
1255 3670 implementation of || operator
1255 3671 implementation of !! operator
1255 3672 number of nodes
1255 3673 show real useful query for GiST index
1255 3684 rewrite tsquery
1255 3685 rewrite tsquery
1255 3686 restriction selectivity of tsvector @@ tsquery
1255 3687 join selectivity of tsvector @@ tsquery
1255 3688 tsvector typanalyze
1255 3689 statistics of tsvector column
1255 3690 statistics of tsvector column
1255 3691 implementation of @> operator
1255 3692 implementation of <@ operator
1255 3695 GiST tsquery support
1255 3696 implementation of ^@ operator
1255 3697 GiST tsquery support
1255 3698 GiST tsquery support
1255 3699 GiST tsquery support
1255 3700 GiST tsquery support
1255 3701 GiST tsquery support
1255 3703 relevance
1255 3704 relevance
1255 3705 relevance
1255 3706 relevance
1255 3707 relevance
1255 3708 relevance
1255 3709 relevance
1255 3710 relevance
1255 3711 number of lexemes
1255 3713 get parser's token types
1255 3714 get parser's token types
1255 3715 parse text to tokens
1255 3716 parse text to tokens
1255 3717 (internal)
1255 3718 (internal)
1255 3719 (internal)
1255 3720 (internal)
1255 3721 (internal)
1255 3723 normalize one word by dictionary
1255 3724 GIN tsvector support
1255 3725 (internal)
1255 3726 (internal)
1255 3728 (internal)
1255 3729 (internal)
1255 3731 (internal)
1255 3732 (internal)
1255 3736 I/O
1255 3737 I/O
1255 3738 I/O
1255 3739 I/O
1255 3740 (internal)
1255 3741 (internal)
1255 3743 generate headline
1255 3744 generate headline
1255 3745 transform to tsvector
1255 3746 make tsquery
1255 3747 transform to tsquery
1255 3749 transform to tsvector
1255 3750 make tsquery
1255 3751 transform to tsquery
1255 3752 trigger for automatic update of tsvector column
1255 3753 trigger for automatic update of tsvector column
1255 3754 generate headline
1255 3755 generate headline
1255 3756 is text search parser visible in search path?
1255 3757 is text search dictionary visible in search path?
1255 3758 is text search configuration visible in search path?
1255 3759 get current tsearch configuration
1255 3760 implementation of @@ operator
1255 3761 implementation of @@ operator
1255 3768 is text search template visible in search path?
1255 3771 I/O
1255 3772 I/O
1255 3773 I/O
1255 3774 I/O
1255 3775 statistics: reset collected statistics shared across the cluster
1255 3776 statistics: reset collected statistics for a single table or index in the current database or shared across all databases in the cluster
1255 3777 statistics: reset collected statistics for a single function in the current database
1255 3778 tablespace location
1255 3779 create a physical replication slot
1255 3780 drop a replication slot
1255 3781 information about replication slots currently in use
1255 3782 get changes from replication slot
1255 3783 get binary changes from replication slot
1255 3784 peek at changes from replication slot
1255 3785 peek at binary changes from replication slot
1255 3786 set up a logical replication slot
1255 3787 map input to jsonb
1255 3788 statistics: timestamp of the current statistics snapshot
1255 3789 clean up GIN pending list
1255 3790 GiST tsvector support (obsolete)
1255 3791 GIN tsvector support (obsolete)
1255 3792 GIN tsvector support (obsolete)
1255 3793 GiST tsquery support (obsolete)
1255 3795 SP-GiST support
1255 3796 SP-GiST support
1255 3797 SP-GiST support
1255 3798 SP-GiST support
1255 3799 SP-GiST support
1255 3800 current logging collector file location
1255 3801 current logging collector file location
1255 3803 I/O
1255 3804 I/O
1255 3805 I/O
1255 3806 I/O
1255 3808 function argument default
1255 3809 export a snapshot
1255 3810 true if server is in recovery
1255 3811 convert int4 to money
1255 3812 convert int8 to money
1255 3815 is collation visible in search path?
1255 3816 array typanalyze
1255 3817 restriction selectivity for array-containment operators
1255 3818 join selectivity for array-containment operators
1255 3819 view members of a multixactid
1255 3820 current wal flush location
1255 3821 last wal replay location
1255 3822 implementation of / operator
1255 3823 convert money to numeric
1255 3824 convert numeric to money
1255 3826 read text from a file
1255 3827 read bytea from a file
1255 3828 read bytea from a file
1255 3829 is opfamily visible in search path?
1255 3830 timestamp of last replay xact
1255 3832 I/O
1255 3833 I/O
1255 3834 I/O
1255 3835 I/O
1255 3836 I/O
1255 3837 I/O
1255 3839 get machine-parseable identification of SQL object
1255 3840 int4range constructor
1255 3841 int4range constructor
1255 3842 is a relation insertable/updatable/deletable
1255 3843 is a column updatable
1255 3844 numrange constructor
1255 3845 numrange constructor
1255 3846 construct date
1255 3847 construct time
1255 3848 lower bound of range
1255 3849 upper bound of range
1255 3850 is the range empty?
1255 3851 is the range's lower bound inclusive?
1255 3852 is the range's upper bound inclusive?
1255 3853 is the range's lower bound infinite?
1255 3854 is the range's upper bound infinite?
1255 3855 implementation of = operator
1255 3856 implementation of <> operator
1255 3857 implementation of && operator
1255 3858 implementation of @> operator
1255 3859 implementation of @> operator
1255 3860 implementation of <@ operator
1255 3861 implementation of <@ operator
1255 3862 implementation of -|- operator
1255 3863 implementation of << operator
1255 3864 implementation of >> operator
1255 3865 implementation of &< operator
1255 3866 implementation of &> operator
1255 3867 implementation of + operator
1255 3868 implementation of * operator
1255 3869 implementation of - operator
1255 3870 less-equal-greater
1255 3871 implementation of < operator
1255 3872 implementation of <= operator
1255 3873 implementation of >= operator
1255 3874 implementation of > operator
1255 3875 GiST support
1255 3876 GiST support
1255 3878 advance logical replication slot
1255 3879 GiST support
1255 3880 GiST support
1255 3881 GiST support
1255 3902 hash a range
1255 3914 convert an int4 range to canonical form
1255 3915 convert a date range to canonical form
1255 3916 range typanalyze
1255 3917 planner support for timestamp length coercion
1255 3918 planner support for interval length coercion
1255 3920 GIN array support
1255 3921 GIN tsvector support
1255 3922 float8 difference of two int4 values
1255 3923 float8 difference of two int8 values
1255 3924 float8 difference of two numeric values
1255 3925 float8 difference of two date values
1255 3928 convert an int8 range to canonical form
1255 3929 float8 difference of two timestamp values
1255 3930 float8 difference of two timestamp with time zone values
1255 3931 get jsonb object keys
1255 3932 key value pairs of a jsonb object
1255 3933 tsrange constructor
1255 3934 tsrange constructor
1255 3935 sleep for the specified interval
1255 3936 sleep until the specified time
1255 3937 tstzrange constructor
1255 3938 tstzrange constructor
1255 3939 age of a multi-transaction ID, in multi-transactions before current multi-transaction
1255 3940 get value from jsonb as text with path elements
1255 3941 daterange constructor
1255 3942 daterange constructor
1255 3943 show hardwired default privileges, primarily for use by the information schema
1255 3944 planner support for time length coercion
1255 3945 int8range constructor
1255 3946 int8range constructor
1255 3947 implementation of -> operator
1255 3948 implementation of ->> operator
1255 3949 implementation of -> operator
1255 3950 implementation of ->> operator
1255 3951 get value from json with path elements
1255 3952 brin: standalone scan new table pages
1255 3953 get value from json as text with path elements
1255 3954 get OID-based object address from name/args arrays
1255 3955 key value pairs of a json object
1255 3956 length of json array
1255 3957 get json object keys
1255 3958 key value pairs of a json object
1255 3959 key value pairs of a json object
1255 3960 get record fields from a json object
1255 3961 get set of records with fields from a json array of objects
1255 3968 get the type of a json value
1255 3969 elements of json array
1255 3970 aggregate transition function
1255 3971 aggregate transition function
1255 3972 discrete percentile
1255 3973 aggregate final function
1255 3974 continuous distribution percentile
1255 3975 aggregate final function
1255 3976 continuous distribution percentile
1255 3977 aggregate final function
1255 3978 multiple discrete percentiles
1255 3979 aggregate final function
1255 3980 multiple continuous percentiles
1255 3981 aggregate final function
1255 3982 multiple continuous percentiles
1255 3983 aggregate final function
1255 3984 most common value
1255 3985 aggregate final function
1255 3986 rank of hypothetical row
1255 3987 aggregate final function
1255 3988 fractional rank of hypothetical row
1255 3989 aggregate final function
1255 3990 cumulative distribution of hypothetical row
1255 3991 aggregate final function
1255 3992 rank of hypothetical row without gaps
1255 3993 aggregate final function
1255 3994 planner support for generate_series
1255 3995 planner support for generate_series
1255 3996 planner support for array_unnest
1255 3998 GiST support
1255 3999 brin: standalone scan new table pages
1255 4001 I/O
1255 4002 I/O
1255 4003 I/O
1255 4004 I/O
1255 4005 jsonpath exists test
1255 4006 jsonpath query
1255 4007 jsonpath query wrapped into array
1255 4008 jsonpath query first item
1255 4009 jsonpath match
1255 4010 implementation of @? operator
1255 4011 implementation of @@ operator
1255 4014 brin: desummarize page range
1255 4018 SP-GiST support for quad tree over point
1255 4019 SP-GiST support for quad tree over point
1255 4020 SP-GiST support for quad tree over point
1255 4021 SP-GiST support for quad tree over point
1255 4022 SP-GiST support for quad tree and k-d tree over point
1255 4023 SP-GiST support for k-d tree over point
1255 4024 SP-GiST support for k-d tree over point
1255 4025 SP-GiST support for k-d tree over point
1255 4026 SP-GiST support for k-d tree over point
1255 4027 SP-GiST support for radix tree over text
1255 4028 SP-GiST support for radix tree over text
1255 4029 SP-GiST support for radix tree over text
1255 4030 SP-GiST support for radix tree over text
1255 4031 SP-GiST support for radix tree over text
1255 4032 sequence last value
1255 4038 implementation of <> operator
1255 4039 implementation of < operator
1255 4040 implementation of > operator
1255 4041 implementation of <= operator
1255 4042 implementation of >= operator
1255 4043 implementation of = operator
1255 4044 less-equal-greater
1255 4045 hash
1255 4046 implementation of @> operator
1255 4047 implementation of ? operator
1255 4048 implementation of ?| operator
1255 4049 implementation of ?& operator
1255 4050 implementation of <@ operator
1255 4051 aggregate transition function
1255 4052 aggregate final function
1255 4053 concatenate aggregate input into an array
1255 4057 the smallest range which includes both of the given ranges
1255 4063 the smallest network which includes both of the given networks
1255 4067 bounding box of two boxes
1255 4071 are the addresses from the same family?
1255 4083 for use by pg_upgrade
1255 4084 I/O
1255 4085 I/O
1255 4086 convert namespace name to regnamespace
1255 4087 I/O
1255 4088 I/O
1255 4091 convert point to empty box
1255 4092 I/O
1255 4093 convert role name to regrole
1255 4094 I/O
1255 4095 I/O
1255 4098 I/O
1255 4099 rotate log file - old version for adminpack 1.0
1255 4100 read text from a file - old version for adminpack 1.0
1255 4101 for use by pg_upgrade
1255 4105 BRIN inclusion support
1255 4106 BRIN inclusion support
1255 4107 BRIN inclusion support
1255 4108 BRIN inclusion support
1255 4110 I/O
1255 4111 I/O
1255 4112 MACADDR8 manufacturer fields
1255 4113 implementation of = operator
1255 4114 implementation of < operator
1255 4115 implementation of <= operator
1255 4116 implementation of > operator
1255 4117 implementation of >= operator
1255 4118 implementation of <> operator
1255 4119 less-equal-greater
1255 4120 implementation of ~ operator
1255 4121 implementation of & operator
1255 4122 implementation of | operator
1255 4123 convert macaddr to macaddr8
1255 4124 convert macaddr8 to macaddr
1255 4125 set 7th bit in macaddr8
1255 4126 window RANGE support
1255 4127 window RANGE support
1255 4128 window RANGE support
1255 4129 window RANGE support
1255 4130 window RANGE support
1255 4131 window RANGE support
1255 4132 window RANGE support
1255 4133 window RANGE support
1255 4134 window RANGE support
1255 4135 window RANGE support
1255 4136 window RANGE support
1255 4137 window RANGE support
1255 4138 window RANGE support
1255 4139 window RANGE support
1255 4140 window RANGE support
1255 4141 window RANGE support
1255 4187 larger of two
1255 4188 smaller of two
1255 4189 maximum value of all pg_lsn input values
1255 4190 minimum value of all pg_lsn input values
1255 4193 I/O
1255 4194 I/O
1255 4195 convert classname to regcollation
1255 4196 I/O
1255 4197 I/O
1255 4201 generate headline from jsonb
1255 4202 generate headline from jsonb
1255 4203 generate headline from jsonb
1255 4204 generate headline from jsonb
1255 4205 generate headline from json
1255 4206 generate headline from json
1255 4207 generate headline from json
1255 4208 generate headline from json
1255 4209 transform string values from jsonb to tsvector
1255 4210 transform string values from json to tsvector
1255 4211 transform string values from jsonb to tsvector
1255 4212 transform string values from json to tsvector
1255 4213 transform specified values from jsonb to tsvector
1255 4214 transform specified values from jsonb to tsvector
1255 4215 transform specified values from json to tsvector
1255 4216 transform specified values from json to tsvector
1255 4220 copy a physical replication slot, changing temporality
1255 4221 copy a physical replication slot
1255 4222 copy a logical replication slot, changing temporality and plugin
1255 4223 copy a logical replication slot, changing temporality
1255 4224 copy a logical replication slot
1255 4226 I/O
1255 4227 I/O
1255 4228 the smallest range which includes the whole multirange
1255 4229 I/O
1255 4230 I/O
1255 4231 I/O
1255 4232 I/O
1255 4233 I/O
1255 4234 I/O
1255 4235 lower bound of multirange
1255 4236 upper bound of multirange
1255 4237 is the multirange empty?
1255 4238 is the multirange's lower bound inclusive?
1255 4239 is the multirange's upper bound inclusive?
1255 4240 is the multirange's lower bound infinite?
1255 4241 is the multirange's upper bound infinite?
1255 4242 multirange typanalyze
1255 4243 restriction selectivity for multirange operators
1255 4244 implementation of = operator
1255 4245 implementation of <> operator
1255 4246 implementation of && operator
1255 4247 implementation of && operator
1255 4248 implementation of && operator
1255 4249 implementation of @> operator
1255 4250 implementation of @> operator
1255 4251 implementation of @> operator
1255 4252 implementation of <@ operator
1255 4253 implementation of <@ operator
1255 4254 implementation of <@ operator
1255 4255 implementation of -|- operator
1255 4256 implementation of -|- operator
1255 4257 implementation of -|- operator
1255 4258 implementation of << operator
1255 4259 implementation of << operator
1255 4260 implementation of << operator
1255 4261 implementation of >> operator
1255 4262 implementation of >> operator
1255 4263 implementation of >> operator
1255 4264 implementation of &< operator
1255 4265 implementation of &< operator
1255 4266 implementation of &< operator
1255 4267 implementation of &> operator
1255 4268 implementation of &> operator
1255 4269 implementation of &> operator
1255 4270 implementation of + operator
1255 4271 implementation of - operator
1255 4272 implementation of * operator
1255 4273 less-equal-greater
1255 4274 implementation of < operator
1255 4275 implementation of <= operator
1255 4276 implementation of >= operator
1255 4277 implementation of > operator
1255 4278 hash a multirange
1255 4279 hash a multirange
1255 4280 int4multirange constructor
1255 4281 int4multirange constructor
1255 4282 int4multirange constructor
1255 4283 nummultirange constructor
1255 4284 nummultirange constructor
1255 4285 nummultirange constructor
1255 4286 tsmultirange constructor
1255 4287 tsmultirange constructor
1255 4288 tsmultirange constructor
1255 4289 tstzmultirange constructor
1255 4290 tstzmultirange constructor
1255 4291 tstzmultirange constructor
1255 4292 datemultirange constructor
1255 4293 datemultirange constructor
1255 4294 datemultirange constructor
1255 4295 int8multirange constructor
1255 4296 int8multirange constructor
1255 4297 int8multirange constructor
1255 4298 anymultirange cast
1255 4299 aggregate transition function
1255 4300 aggregate final function
1255 4301 combine aggregate input into a multirange
1255 4302 internal conversion function for KOI8R to MULE_INTERNAL
1255 4303 internal conversion function for MULE_INTERNAL to KOI8R
1255 4304 internal conversion function for ISO-8859-5 to MULE_INTERNAL
1255 4305 internal conversion function for MULE_INTERNAL to ISO-8859-5
1255 4306 internal conversion function for WIN1251 to MULE_INTERNAL
1255 4307 internal conversion function for MULE_INTERNAL to WIN1251
1255 4308 internal conversion function for WIN866 to MULE_INTERNAL
1255 4309 internal conversion function for MULE_INTERNAL to WIN866
1255 4310 internal conversion function for KOI8R to WIN1251
1255 4311 internal conversion function for WIN1251 to KOI8R
1255 4312 internal conversion function for KOI8R to WIN866
1255 4313 internal conversion function for WIN866 to KOI8R
1255 4314 internal conversion function for WIN866 to WIN1251
1255 4315 internal conversion function for WIN1251 to WIN866
1255 4316 internal conversion function for ISO-8859-5 to KOI8R
1255 4317 internal conversion function for KOI8R to ISO-8859-5
1255 4318 internal conversion function for ISO-8859-5 to WIN1251
1255 4319 internal conversion function for WIN1251 to ISO-8859-5
1255 4320 internal conversion function for ISO-8859-5 to WIN866
1255 4321 internal conversion function for WIN866 to ISO-8859-5
1255 4322 internal conversion function for EUC_CN to MULE_INTERNAL
1255 4323 internal conversion function for MULE_INTERNAL to EUC_CN
1255 4324 internal conversion function for EUC_JP to SJIS
1255 4325 internal conversion function for SJIS to EUC_JP
1255 4326 internal conversion function for EUC_JP to MULE_INTERNAL
1255 4327 internal conversion function for SJIS to MULE_INTERNAL
1255 4328 internal conversion function for MULE_INTERNAL to EUC_JP
1255 4329 internal conversion function for MULE_INTERNAL to SJIS
1255 4330 internal conversion function for EUC_KR to MULE_INTERNAL
1255 4331 internal conversion function for MULE_INTERNAL to EUC_KR
1255 4332 internal conversion function for EUC_TW to BIG5
1255 4333 internal conversion function for BIG5 to EUC_TW
1255 4334 internal conversion function for EUC_TW to MULE_INTERNAL
1255 4335 internal conversion function for BIG5 to MULE_INTERNAL
1255 4336 internal conversion function for MULE_INTERNAL to EUC_TW
1255 4337 internal conversion function for MULE_INTERNAL to BIG5
1255 4338 internal conversion function for LATIN2 to MULE_INTERNAL
1255 4339 internal conversion function for MULE_INTERNAL to LATIN2
1255 4340 internal conversion function for WIN1250 to MULE_INTERNAL
1255 4341 internal conversion function for MULE_INTERNAL to WIN1250
1255 4342 internal conversion function for LATIN2 to WIN1250
1255 4343 internal conversion function for WIN1250 to LATIN2
1255 4344 internal conversion function for LATIN1 to MULE_INTERNAL
1255 4345 internal conversion function for MULE_INTERNAL to LATIN1
1255 4346 internal conversion function for LATIN3 to MULE_INTERNAL
1255 4347 internal conversion function for MULE_INTERNAL to LATIN3
1255 4348 internal conversion function for LATIN4 to MULE_INTERNAL
1255 4349 internal conversion function for MULE_INTERNAL to LATIN4
1255 4350 Unicode normalization
1255 4351 check Unicode normalization
1255 4352 internal conversion function for BIG5 to UTF8
1255 4353 internal conversion function for UTF8 to BIG5
1255 4354 internal conversion function for UTF8 to KOI8R
1255 4355 internal conversion function for KOI8R to UTF8
1255 4356 internal conversion function for UTF8 to KOI8U
1255 4357 internal conversion function for KOI8U to UTF8
1255 4358 internal conversion function for UTF8 to WIN
1255 4359 internal conversion function for WIN to UTF8
1255 4360 internal conversion function for EUC_CN to UTF8
1255 4361 internal conversion function for UTF8 to EUC_CN
1255 4362 internal conversion function for EUC_JP to UTF8
1255 4363 internal conversion function for UTF8 to EUC_JP
1255 4364 internal conversion function for EUC_KR to UTF8
1255 4365 internal conversion function for UTF8 to EUC_KR
1255 4366 internal conversion function for EUC_TW to UTF8
1255 4367 internal conversion function for UTF8 to EUC_TW
1255 4368 internal conversion function for GB18030 to UTF8
1255 4369 internal conversion function for UTF8 to GB18030
1255 4370 internal conversion function for GBK to UTF8
1255 4371 internal conversion function for UTF8 to GBK
1255 4372 internal conversion function for UTF8 to ISO-8859 2-16
1255 4373 internal conversion function for ISO-8859 2-16 to UTF8
1255 4374 internal conversion function for LATIN1 to UTF8
1255 4375 internal conversion function for UTF8 to LATIN1
1255 4376 internal conversion function for JOHAB to UTF8
1255 4377 internal conversion function for UTF8 to JOHAB
1255 4378 internal conversion function for SJIS to UTF8
1255 4379 internal conversion function for UTF8 to SJIS
1255 4380 internal conversion function for UHC to UTF8
1255 4381 internal conversion function for UTF8 to UHC
1255 4382 internal conversion function for EUC_JIS_2004 to UTF8
1255 4383 internal conversion function for UTF8 to EUC_JIS_2004
1255 4384 internal conversion function for SHIFT_JIS_2004 to UTF8
1255 4385 internal conversion function for UTF8 to SHIFT_JIS_2004
1255 4386 internal conversion function for EUC_JIS_2004 to SHIFT_JIS_2004
1255 4387 internal conversion function for SHIFT_JIS_2004 to EUC_JIS_2004
1255 4388 range aggregate by intersecting
1255 4389 range aggregate by intersecting
1255 4390 for use by pg_upgrade
1255 4391 for use by pg_upgrade
1255 4401 range aggregate by intersecting
1255 4450 range aggregate by intersecting
1255 4541 implementation of @> operator
1255 4542 implementation of <@ operator
1255 4543 log memory contexts of the specified backend
1255 4545 for use by pg_upgrade
1255 4546 for use by pg_upgrade
1255 4547 for use by pg_upgrade
1255 4548 for use by pg_upgrade
1255 4566 return Oid of the table getting rewritten
1255 4567 return reason code for table getting rewritten
1255 4568 list DDL actions being executed by the current command
1255 4591 BRIN bloom support
1255 4592 BRIN bloom support
1255 4593 BRIN bloom support
1255 4594 BRIN bloom support
1255 4595 BRIN bloom support
1255 4596 I/O
1255 4597 I/O
1255 4598 I/O
1255 4599 I/O
1255 4616 BRIN multi minmax support
1255 4617 BRIN multi minmax support
1255 4618 BRIN multi minmax support
1255 4619 BRIN multi minmax support
1255 4620 BRIN multi minmax support
1255 4621 BRIN multi minmax int2 distance
1255 4622 BRIN multi minmax int4 distance
1255 4623 BRIN multi minmax int8 distance
1255 4624 BRIN multi minmax float4 distance
1255 4625 BRIN multi minmax float8 distance
1255 4626 BRIN multi minmax numeric distance
1255 4627 BRIN multi minmax tid distance
1255 4628 BRIN multi minmax uuid distance
1255 4629 BRIN multi minmax date distance
1255 4630 BRIN multi minmax time distance
1255 4631 BRIN multi minmax interval distance
1255 4632 BRIN multi minmax timetz distance
1255 4633 BRIN multi minmax pg_lsn distance
1255 4634 BRIN multi minmax macaddr distance
1255 4635 BRIN multi minmax macaddr8 distance
1255 4636 BRIN multi minmax inet distance
1255 4637 BRIN multi minmax timestamp distance
1255 4638 I/O
1255 4639 I/O
1255 4640 I/O
1255 4641 I/O
1255 5001 transform to tsquery
1255 5003 implementation of <-> operator
1255 5004 phrase-concatenate with distance
1255 5006 transform to tsquery
1255 5007 transform to tsquery
1255 5009 transform to tsquery
1255 5010 SP-GiST support for quad tree over 2-D types represented by their bounding boxes
1255 5011 SP-GiST support for quad tree over polygons
1255 5012 SP-GiST support for quad tree over box
1255 5013 SP-GiST support for quad tree over box
1255 5014 SP-GiST support for quad tree over box
1255 5015 SP-GiST support for quad tree over box
1255 5016 SP-GiST support for quad tree over box
1255 5018 I/O
1255 5019 I/O
1255 5020 I/O
1255 5021 I/O
1255 5022 implementation of + operator
1255 5023 implementation of + operator
1255 5024 implementation of - operator
1255 5028 hash partition CHECK constraint
1255 5029 list files in the pgsql_tmp directory
1255 5030 list files in the pgsql_tmp directory
1255 5031 list of files in the archive_status directory
1255 5033 sort support
1255 5034 implementation of < operator
1255 5035 implementation of > operator
1255 5036 implementation of <= operator
1255 5037 implementation of >= operator
1255 5040 restriction selectivity for generic matching operators
1255 5041 join selectivity for generic matching operators
1255 5042 minimum scale needed to represent the value
1255 5043 numeric with minimum scale needed to represent the value
1255 5044 greatest common divisor
1255 5045 greatest common divisor
1255 5046 least common multiple
1255 5047 least common multiple
1255 5048 greatest common divisor
1255 5049 least common multiple
1255 5050 equal image
1255 5051 equal image
1255 5052 allocations from the main shared memory segment
1255 5053 statistics: number of tuples inserted since last vacuum
1255 5054 Set part of a jsonb, handle NULL value
1255 5055 I/O
1255 5056 I/O
1255 5057 I/O
1255 5058 I/O
1255 5059 get current transaction ID
1255 5060 get current transaction ID
1255 5061 get current snapshot
1255 5062 get xmin of snapshot
1255 5063 get xmax of snapshot
1255 5064 get set of in-progress transactions in snapshot
1255 5065 is xid8 visible in snapshot?
1255 5066 commit status of transaction
1255 5070 I/O
1255 5071 convert xid8 to xid
1255 5081 I/O
1255 5082 I/O
1255 5083 I/O
1255 5084 implementation of = operator
1255 5085 implementation of <> operator
1255 5086 I/O
1255 5087 I/O
1255 5088 I/O
1255 5089 I/O
1255 5090 I/O
1255 5091 I/O
1255 5092 I/O
1255 5093 I/O
1255 5094 I/O
1255 5095 I/O
1255 5096 less-equal-greater
1255 5097 larger of two
1255 5098 smaller of two
1255 5099 maximum value of all xid8 input values
1255 5100 minimum value of all xid8 input values
1255 6003 create a replication origin
1255 6004 drop replication origin identified by its name
1255 6005 translate the replication origin's name to its id
1255 6006 configure session to maintain replication progress tracking for the passed in origin
1255 6007 teardown configured replication progress tracking
1255 6008 is a replication origin configured in this session
1255 6009 get the replication progress of the current session
1255 6010 setup the transaction's origin lsn and timestamp
1255 6011 reset the transaction's origin lsn and timestamp
1255 6012 advance replication origin to specific location
1255 6013 get an individual replication origin's replication progress
1255 6014 get progress for all replication origins
1255 6098 jsonb subscripting logic
1255 6103 convert numeric to pg_lsn
1255 6118 statistics: information about subscription
1255 6119 get information of tables in a publication
1255 6120 oid of replica identity index if any
1255 6121 returns whether a relation can be part of a publication
1255 6154 GiST support
1255 6156 GiST support
1255 6159 list of catalog foreign key relationships
1255 6160 split delimited text
1255 6161 split delimited text, with null string
1255 6162 number of set bits
1255 6163 number of set bits
1255 6164 bitwise-xor smallint aggregate
1255 6165 bitwise-xor integer aggregate
1255 6166 bitwise-xor bigint aggregate
1255 6167 bitwise-xor bit aggregate
1255 6168 get commit timestamp and replication origin of a transaction
1255 6169 statistics: information about replication slot
1255 6170 statistics: reset collected statistics for a single replication slot
1255 6172 remove last N elements of array
1255 6173 extended statistics expressions
1255 6174 extended statistics columns
1255 6177 bin timestamp into specified interval
1255 6178 bin timestamp with time zone into specified interval
1255 6179 standard array subscripting support
1255 6180 raw array subscripting support
1255 6183 debug function for text search configuration
1255 6184 debug function for current text search configuration
1255 6185 statistics: session time, in milliseconds
1255 6186 statistics: session active time, in milliseconds
1255 6187 statistics: session idle in transaction time, in milliseconds
1255 6188 statistics: total number of sessions
1255 6189 statistics: number of sessions disconnected by the client closing the network connection
1255 6190 statistics: number of sessions disconnected by fatal errors
1255 6191 statistics: number of sessions killed by administrative action
1255 6192 hash
1255 6193 hash
1255 6195 trim selected bytes from left end of string
1255 6196 trim selected bytes from right end of string
1255 6197 function SQL body
1255 6198 unescape Unicode characters
1255 6199 extract field from date
1255 6200 extract field from time
1255 6201 extract field from time with time zone
1255 6202 extract field from timestamp
1255 6203 extract field from timestamp with time zone
1255 6204 extract field from interval
1255 6205 user privilege on parameter by username, parameter name
1255 6206 user privilege on parameter by user oid, parameter name
1255 6207 current user privilege on parameter by parameter name
1255 6224 get resource managers loaded in system
1255 6225 aggregate transition function
1255 6226 aggregate final function
1255 6227 combine aggregate input into a multirange
1255 6230 statistics: check if a stats object exists
1255 6231 statistics: information about subscription stats
1255 6232 statistics: reset collected statistics for a single subscription
1255 6233 planner support for row_number run condition
1255 6234 planner support for rank run condition
1255 6235 planner support for dense rank run condition
1255 6236 planner support for count run condition
1255 6240 return flags for specified GUC
1255 6241 stop making pinned objects during initdb
1255 6242 planner support for text_starts_with
1255 6248 statistics: information about WAL prefetching
1255 6249 get actual version of database collation from operating system
1255 6250 show pg_ident.conf mappings
1255 6251 replace text using regexp
1255 6252 replace text using regexp
1255 6253 replace text using regexp
1255 6254 count regexp matches
1255 6255 count regexp matches
1255 6256 count regexp matches
1255 6257 position of regexp match
1255 6258 position of regexp match
1255 6259 position of regexp match
1255 6260 position of regexp match
1255 6261 position of regexp match
1255 6262 position of regexp match
1255 6263 test for regexp match
1255 6264 test for regexp match
1255 6265 extract substring that matches regexp
1255 6266 extract substring that matches regexp
1255 6267 extract substring that matches regexp
1255 6268 extract substring that matches regexp
1255 6269 extract substring that matches regexp
1255 6270 list of files in the pg_logical/snapshots directory
1255 6271 list of files in the pg_logical/mappings directory
1255 6272 list of files in the pg_replslot/slot_name directory
2601 2 heap table access method
2601 403 b-tree index access method
2601 405 hash index access method
2601 783 GiST index access method
2601 2742 GIN index access method
2601 3580 block range index (BRIN) access method
2601 4000 SP-GiST index access method
2612 12 built-in functions
2612 13 dynamically-loaded C functions
2612 14 SQL-language functions
2612 13563 PL/pgSQL procedural language
2615 11 system catalog schema
2615 99 reserved schema for TOAST tables
2615 2200 standard public schema
2617 15 equal
2617 36 not equal
2617 37 less than
2617 58 less than
2617 59 greater than
2617 76 greater than
2617 80 less than or equal
2617 82 greater than or equal
2617 85 not equal
2617 91 equal
2617 92 equal
2617 93 equal
2617 94 equal
2617 95 less than
2617 96 equal
2617 97 less than
2617 98 equal
2617 254 equal
2617 255 less than
2617 256 less than or equal
2617 257 greater than or equal
2617 258 greater than
2617 259 not equal
2617 260 equal
2617 261 less than
2617 262 less than or equal
2617 263 greater than or equal
2617 264 greater than
2617 265 not equal
2617 349 append element onto end of array
2617 352 equal
2617 353 equal
2617 374 prepend element onto front of array
2617 375 concatenate
2617 385 equal
2617 387 equal
2617 402 not equal
2617 410 equal
2617 411 not equal
2617 412 less than
2617 413 greater than
2617 414 less than or equal
2617 415 greater than or equal
2617 416 equal
2617 417 not equal
2617 418 less than
2617 419 greater than
2617 420 less than or equal
2617 430 greater than or equal
2617 433 contains
2617 439 modulus
2617 473 absolute value
2617 484 negate
2617 485 is left of
2617 486 overlaps or is left of
2617 487 overlaps or is right of
2617 488 is right of
2617 489 is contained by
2617 490 contains
2617 491 same as
2617 492 overlaps
2617 493 is left of
2617 494 overlaps or is left of
2617 495 overlaps or is right of
2617 496 is right of
2617 497 is contained by
2617 498 contains
2617 499 same as
2617 500 overlaps
2617 501 greater than or equal by area
2617 502 greater than by area
2617 503 equal by area
2617 504 less than by area
2617 505 less than or equal by area
2617 506 deprecated, use |>> instead
2617 507 is left of
2617 508 is right of
2617 509 deprecated, use <<| instead
2617 510 same as
2617 511 point inside box
2617 512 point within closed path, or point on open path
2617 513 center of
2617 514 multiply
2617 517 distance between
2617 518 not equal
2617 519 not equal
2617 520 greater than
2617 521 greater than
2617 522 less than or equal
2617 523 less than or equal
2617 524 greater than or equal
2617 525 greater than or equal
2617 526 multiply
2617 527 divide
2617 528 divide
2617 529 modulus
2617 530 modulus
2617 531 not equal
2617 532 equal
2617 533 equal
2617 534 less than
2617 535 less than
2617 536 greater than
2617 537 greater than
2617 538 not equal
2617 539 not equal
2617 540 less than or equal
2617 541 less than or equal
2617 542 greater than or equal
2617 543 greater than or equal
2617 544 multiply
2617 545 multiply
2617 546 divide
2617 547 divide
2617 550 add
2617 551 add
2617 552 add
2617 553 add
2617 554 subtract
2617 555 subtract
2617 556 subtract
2617 557 subtract
2617 558 negate
2617 559 negate
2617 584 negate
2617 585 negate
2617 586 add
2617 587 subtract
2617 588 divide
2617 589 multiply
2617 590 absolute value
2617 591 add
2617 592 subtract
2617 593 divide
2617 594 multiply
2617 595 absolute value
2617 596 square root
2617 597 cube root
2617 606 distance between
2617 607 equal
2617 608 not equal
2617 609 less than
2617 610 greater than
2617 611 less than or equal
2617 612 greater than or equal
2617 613 distance between
2617 614 distance between
2617 615 distance between
2617 616 distance between
2617 617 distance between
2617 618 distance between
2617 620 equal
2617 621 not equal
2617 622 less than
2617 623 greater than
2617 624 less than or equal
2617 625 greater than or equal
2617 630 not equal
2617 631 less than
2617 632 less than or equal
2617 633 greater than
2617 634 greater than or equal
2617 639 matches regular expression, case-sensitive
2617 640 does not match regular expression, case-sensitive
2617 641 matches regular expression, case-sensitive
2617 642 does not match regular expression, case-sensitive
2617 643 not equal
2617 644 not equal
2617 645 less than
2617 646 greater than
2617 647 less than or equal
2617 648 greater than or equal
2617 649 equal
2617 654 concatenate
2617 660 less than
2617 661 less than or equal
2617 662 greater than
2617 663 greater than or equal
2617 664 less than
2617 665 less than or equal
2617 666 greater than
2617 667 greater than or equal
2617 670 equal
2617 671 not equal
2617 672 less than
2617 673 less than or equal
2617 674 greater than
2617 675 greater than or equal
2617 682 absolute value
2617 684 add
2617 685 subtract
2617 686 multiply
2617 687 divide
2617 688 add
2617 689 subtract
2617 690 multiply
2617 691 divide
2617 692 add
2617 693 subtract
2617 694 multiply
2617 695 divide
2617 706 distance between
2617 707 distance between
2617 708 distance between
2617 709 distance between
2617 712 distance between
2617 713 not equal
2617 731 add points (translate)
2617 732 subtract points (translate)
2617 733 multiply points (scale/rotate)
2617 734 divide points (scale/rotate)
2617 735 concatenate
2617 736 add (translate path)
2617 737 subtract (translate path)
2617 738 multiply (rotate/scale path)
2617 739 divide (rotate/scale path)
2617 755 contains
2617 756 is contained by
2617 757 contains
2617 758 is contained by
2617 759 contains
2617 760 distance between
2617 761 distance between
2617 762 distance between
2617 763 distance between
2617 773 absolute value
2617 784 distance between
2617 792 equal
2617 793 less than
2617 794 greater than
2617 795 less than or equal
2617 796 greater than or equal
2617 797 number of points
2617 798 intersect
2617 799 sum of path segment lengths
2617 800 is above (allows touching)
2617 801 is below (allows touching)
2617 802 deprecated, use && instead
2617 803 box intersection
2617 804 add point to box (translate)
2617 805 subtract point from box (translate)
2617 806 multiply box by point (scale)
2617 807 divide box by point (scale)
2617 808 horizontally aligned
2617 809 vertically aligned
2617 818 add
2617 819 subtract
2617 820 multiply
2617 821 divide
2617 822 add
2617 823 subtract
2617 824 multiply
2617 825 divide
2617 843 multiply
2617 844 divide
2617 845 multiply
2617 900 equal
2617 901 not equal
2617 902 less than
2617 903 greater than
2617 904 less than or equal
2617 905 greater than or equal
2617 906 add
2617 907 subtract
2617 908 multiply
2617 909 divide
2617 912 multiply
2617 913 divide
2617 914 multiply
2617 915 divide
2617 916 multiply
2617 917 multiply
2617 918 multiply
2617 931 is subnet
2617 932 is subnet or equal
2617 933 is supernet
2617 934 is supernet or equal
2617 965 exponentiation
2617 966 add/update ACL item
2617 967 remove ACL item
2617 968 contains
2617 969 center of
2617 971 center of
2617 974 equal
2617 1038 exponentiation
2617 1054 equal
2617 1055 matches regular expression, case-sensitive
2617 1056 does not match regular expression, case-sensitive
2617 1057 not equal
2617 1058 less than
2617 1059 less than or equal
2617 1060 greater than
2617 1061 greater than or equal
2617 1070 equal
2617 1071 not equal
2617 1072 less than
2617 1073 greater than
2617 1074 less than or equal
2617 1075 greater than or equal
2617 1076 add
2617 1077 subtract
2617 1093 equal
2617 1094 not equal
2617 1095 less than
2617 1096 less than or equal
2617 1097 greater than
2617 1098 greater than or equal
2617 1099 subtract
2617 1100 add
2617 1101 subtract
2617 1108 equal
2617 1109 not equal
2617 1110 less than
2617 1111 less than or equal
2617 1112 greater than
2617 1113 greater than or equal
2617 1116 add
2617 1117 subtract
2617 1118 divide
2617 1119 multiply
2617 1120 equal
2617 1121 not equal
2617 1122 less than
2617 1123 greater than
2617 1124 less than or equal
2617 1125 greater than or equal
2617 1126 add
2617 1127 subtract
2617 1128 divide
2617 1129 multiply
2617 1130 equal
2617 1131 not equal
2617 1132 less than
2617 1133 greater than
2617 1134 less than or equal
2617 1135 greater than or equal
2617 1201 equal
2617 1202 not equal
2617 1203 less than
2617 1204 less than or equal
2617 1205 greater than
2617 1206 greater than or equal
2617 1207 matches LIKE expression
2617 1208 does not match LIKE expression
2617 1209 matches LIKE expression
2617 1210 does not match LIKE expression
2617 1211 matches LIKE expression
2617 1212 does not match LIKE expression
2617 1220 equal
2617 1221 not equal
2617 1222 less than
2617 1223 less than or equal
2617 1224 greater than
2617 1225 greater than or equal
2617 1226 matches regular expression, case-insensitive
2617 1227 does not match regular expression, case-insensitive
2617 1228 matches regular expression, case-insensitive
2617 1229 does not match regular expression, case-insensitive
2617 1234 matches regular expression, case-insensitive
2617 1235 does not match regular expression, case-insensitive
2617 1320 equal
2617 1321 not equal
2617 1322 less than
2617 1323 less than or equal
2617 1324 greater than
2617 1325 greater than or equal
2617 1327 add
2617 1328 subtract
2617 1329 subtract
2617 1330 equal
2617 1331 not equal
2617 1332 less than
2617 1333 less than or equal
2617 1334 greater than
2617 1335 greater than or equal
2617 1336 negate
2617 1337 add
2617 1338 subtract
2617 1360 convert date and time to timestamp
2617 1361 convert date and time with time zone to timestamp with time zone
2617 1363 convert time and date to timestamp
2617 1366 convert time with time zone and date to timestamp with time zone
2617 1383 distance between
2617 1399 subtract
2617 1420 center of
2617 1500 equal by area
2617 1501 not equal by area
2617 1502 less than by area
2617 1503 greater than by area
2617 1504 less than or equal by area
2617 1505 greater than or equal by area
2617 1506 is left of
2617 1507 overlaps or is left of
2617 1508 overlaps or is right of
2617 1509 is right of
2617 1510 is contained by
2617 1511 contains
2617 1512 same as
2617 1513 overlaps
2617 1514 is above
2617 1515 is below
2617 1516 add
2617 1517 subtract
2617 1518 multiply
2617 1519 divide
2617 1520 distance between
2617 1521 number of points
2617 1522 distance between
2617 1523 distance between
2617 1525 intersect
2617 1526 parallel
2617 1527 perpendicular
2617 1528 horizontal
2617 1529 vertical
2617 1535 equal
2617 1536 intersection point
2617 1537 intersect
2617 1538 intersect
2617 1539 intersect
2617 1546 point on line
2617 1547 is contained by
2617 1548 lseg on line
2617 1549 is contained by
2617 1550 equal
2617 1551 not equal
2617 1552 less than
2617 1553 less than or equal
2617 1554 greater than
2617 1555 greater than or equal
2617 1557 closest point to A on B
2617 1558 closest point to A on B
2617 1559 closest point to A on B
2617 1567 closest point to A on B
2617 1577 closest point to A on B
2617 1578 closest point to A on B
2617 1583 multiply
2617 1584 multiply
2617 1585 divide
2617 1586 not equal
2617 1587 less than by length
2617 1588 less than or equal by length
2617 1589 greater than by length
2617 1590 greater than or equal by length
2617 1591 distance between endpoints
2617 1611 intersect
2617 1612 parallel
2617 1613 perpendicular
2617 1614 horizontal
2617 1615 vertical
2617 1616 equal
2617 1617 intersection point
2617 1625 matches LIKE expression, case-insensitive
2617 1626 does not match LIKE expression, case-insensitive
2617 1627 matches LIKE expression, case-insensitive
2617 1628 does not match LIKE expression, case-insensitive
2617 1629 matches LIKE expression, case-insensitive
2617 1630 does not match LIKE expression, case-insensitive
2617 1694 less than or equal
2617 1695 greater than or equal
2617 1751 negate
2617 1752 equal
2617 1753 not equal
2617 1754 less than
2617 1755 less than or equal
2617 1756 greater than
2617 1757 greater than or equal
2617 1758 add
2617 1759 subtract
2617 1760 multiply
2617 1761 divide
2617 1762 modulus
2617 1763 absolute value
2617 1784 equal
2617 1785 not equal
2617 1786 less than
2617 1787 greater than
2617 1788 less than or equal
2617 1789 greater than or equal
2617 1791 bitwise and
2617 1792 bitwise or
2617 1793 bitwise exclusive or
2617 1794 bitwise not
2617 1795 bitwise shift left
2617 1796 bitwise shift right
2617 1797 concatenate
2617 1800 add
2617 1801 subtract
2617 1802 add
2617 1803 subtract
2617 1804 equal
2617 1805 not equal
2617 1806 less than
2617 1807 greater than
2617 1808 less than or equal
2617 1809 greater than or equal
2617 1849 add
2617 1862 equal
2617 1863 not equal
2617 1864 less than
2617 1865 greater than
2617 1866 less than or equal
2617 1867 greater than or equal
2617 1868 equal
2617 1869 not equal
2617 1870 less than
2617 1871 greater than
2617 1872 less than or equal
2617 1873 greater than or equal
2617 1874 bitwise and
2617 1875 bitwise or
2617 1876 bitwise exclusive or
2617 1877 bitwise not
2617 1878 bitwise shift left
2617 1879 bitwise shift right
2617 1880 bitwise and
2617 1881 bitwise or
2617 1882 bitwise exclusive or
2617 1883 bitwise not
2617 1884 bitwise shift left
2617 1885 bitwise shift right
2617 1886 bitwise and
2617 1887 bitwise or
2617 1888 bitwise exclusive or
2617 1889 bitwise not
2617 1890 bitwise shift left
2617 1891 bitwise shift right
2617 1916 unary plus
2617 1917 unary plus
2617 1918 unary plus
2617 1919 unary plus
2617 1920 unary plus
2617 1921 unary plus
2617 1955 equal
2617 1956 not equal
2617 1957 less than
2617 1958 less than or equal
2617 1959 greater than
2617 1960 greater than or equal
2617 2016 matches LIKE expression
2617 2017 does not match LIKE expression
2617 2018 concatenate
2617 2060 equal
2617 2061 not equal
2617 2062 less than
2617 2063 less than or equal
2617 2064 greater than
2617 2065 greater than or equal
2617 2066 add
2617 2067 subtract
2617 2068 subtract
2617 2314 less than
2617 2315 less than or equal
2617 2317 greater than or equal
2617 2318 greater than
2617 2326 less than
2617 2327 less than or equal
2617 2329 greater than or equal
2617 2330 greater than
2617 2345 less than
2617 2346 less than or equal
2617 2347 equal
2617 2348 greater than or equal
2617 2349 greater than
2617 2350 not equal
2617 2358 less than
2617 2359 less than or equal
2617 2360 equal
2617 2361 greater than or equal
2617 2362 greater than
2617 2363 not equal
2617 2371 less than
2617 2372 less than or equal
2617 2373 equal
2617 2374 greater than or equal
2617 2375 greater than
2617 2376 not equal
2617 2384 less than
2617 2385 less than or equal
2617 2386 equal
2617 2387 greater than or equal
2617 2388 greater than
2617 2389 not equal
2617 2534 less than
2617 2535 less than or equal
2617 2536 equal
2617 2537 greater than or equal
2617 2538 greater than
2617 2539 not equal
2617 2540 less than
2617 2541 less than or equal
2617 2542 equal
2617 2543 greater than or equal
2617 2544 greater than
2617 2545 not equal
2617 2551 add
2617 2552 add
2617 2553 add
2617 2554 add
2617 2555 add
2617 2570 is below
2617 2571 overlaps or is below
2617 2572 overlaps or is above
2617 2573 is above
2617 2574 is below
2617 2575 overlaps or is below
2617 2576 overlaps or is above
2617 2577 is above
2617 2589 overlaps or is below
2617 2590 overlaps or is above
2617 2634 bitwise not
2617 2635 bitwise and
2617 2636 bitwise or
2617 2637 add
2617 2638 add
2617 2639 subtract
2617 2640 subtract
2617 2750 overlaps
2617 2751 contains
2617 2752 is contained by
2617 2779 concatenate
2617 2780 concatenate
2617 2799 less than
2617 2800 greater than
2617 2801 less than or equal
2617 2802 greater than or equal
2617 2860 equal
2617 2861 not equal
2617 2862 less than
2617 2863 less than or equal
2617 2864 greater than or equal
2617 2865 greater than
2617 2866 overlaps
2617 2867 overlaps
2617 2868 overlaps
2617 2869 contains
2617 2870 contains
2617 2871 contains
2617 2872 is contained by
2617 2873 is contained by
2617 2874 is contained by
2617 2875 overlaps or is left of
2617 2876 overlaps or is left of
2617 2877 overlaps or is left of
2617 2972 equal
2617 2973 not equal
2617 2974 less than
2617 2975 greater than
2617 2976 less than or equal
2617 2977 greater than or equal
2617 2988 equal
2617 2989 not equal
2617 2990 less than
2617 2991 greater than
2617 2992 less than or equal
2617 2993 greater than or equal
2617 3147 bitwise not
2617 3148 bitwise and
2617 3149 bitwise or
2617 3188 identical
2617 3189 not identical
2617 3190 less than
2617 3191 greater than
2617 3192 less than or equal
2617 3193 greater than or equal
2617 3206 get value from jsonb as text with path elements
2617 3211 get jsonb object field
2617 3212 get jsonb array element
2617 3213 get value from jsonb with path elements
2617 3222 equal
2617 3223 not equal
2617 3224 less than
2617 3225 greater than
2617 3226 less than or equal
2617 3227 greater than or equal
2617 3228 minus
2617 3240 equal
2617 3241 not equal
2617 3242 less than
2617 3243 greater than
2617 3244 less than or equal
2617 3245 greater than or equal
2617 3246 contains
2617 3247 key exists
2617 3248 any key exists
2617 3249 all keys exist
2617 3250 is contained by
2617 3276 distance between
2617 3284 concatenate
2617 3285 delete object field
2617 3286 delete array element
2617 3287 delete path
2617 3289 distance between
2617 3291 distance between
2617 3315 not equal
2617 3316 not equal
2617 3346 multiply
2617 3347 divide
2617 3349 multiply
2617 3362 equal
2617 3363 not equal
2617 3364 less than
2617 3365 less than or equal
2617 3366 greater than
2617 3367 greater than or equal
2617 3368 bitwise not
2617 3369 bitwise and
2617 3370 bitwise or
2617 3398 delete object fields
2617 3477 get jsonb object field as text
2617 3481 get jsonb array element as text
2617 3516 equal
2617 3517 not equal
2617 3518 less than
2617 3519 greater than
2617 3520 less than or equal
2617 3521 greater than or equal
2617 3552 overlaps (is subnet or supernet)
2617 3585 overlaps or is right of
2617 3627 less than
2617 3628 less than or equal
2617 3629 equal
2617 3630 not equal
2617 3631 greater than or equal
2617 3632 greater than
2617 3633 concatenate
2617 3636 text search match
2617 3637 text search match
2617 3660 deprecated, use @@ instead
2617 3661 deprecated, use @@ instead
2617 3674 less than
2617 3675 less than or equal
2617 3676 equal
2617 3677 not equal
2617 3678 greater than or equal
2617 3679 greater than
2617 3680 AND-concatenate
2617 3681 OR-concatenate
2617 3682 NOT tsquery
2617 3693 contains
2617 3694 is contained by
2617 3762 text search match
2617 3763 text search match
2617 3825 divide
2617 3877 starts with
2617 3882 equal
2617 3883 not equal
2617 3884 less than
2617 3885 less than or equal
2617 3886 greater than or equal
2617 3887 greater than
2617 3888 overlaps
2617 3889 contains
2617 3890 contains
2617 3891 is contained by
2617 3892 is contained by
2617 3893 is left of
2617 3894 is right of
2617 3895 overlaps or is left of
2617 3896 overlaps or is right of
2617 3897 is adjacent to
2617 3898 range union
2617 3899 range difference
2617 3900 range intersection
2617 3962 get json object field
2617 3963 get json object field as text
2617 3964 get json array element
2617 3965 get json array element as text
2617 3966 get value from json with path elements
2617 3967 get value from json as text with path elements
2617 4012 jsonpath exists
2617 4013 jsonpath match
2617 4035 overlaps or is right of
2617 4142 overlaps or is right of
2617 4161 is above
2617 4162 is below
2617 4179 is adjacent to
2617 4180 is adjacent to
2617 4198 is adjacent to
2617 4392 multirange union
2617 4393 multirange minus
2617 4394 multirange intersect
2617 4395 is left of
2617 4396 is left of
2617 4397 is left of
2617 4398 is right of
2617 4399 is right of
2617 4400 is right of
2617 4539 contains
2617 4540 is contained by
2617 5005 phrase-concatenate
2617 5025 add
2617 5026 add
2617 5027 subtract
2617 5068 equal
2617 5072 not equal
2617 5073 less than
2617 5074 greater than
2617 5075 less than or equal
2617 5076 greater than or equal
3600 3765 simple dictionary: just lower case and check for stopword
3600 13151 snowball stemmer for arabic language
3600 13153 snowball stemmer for armenian language
3600 13155 snowball stemmer for basque language
3600 13157 snowball stemmer for catalan language
3600 13159 snowball stemmer for danish language
3600 13161 snowball stemmer for dutch language
3600 13163 snowball stemmer for english language
3600 13165 snowball stemmer for finnish language
3600 13167 snowball stemmer for french language
3600 13169 snowball stemmer for german language
3600 13171 snowball stemmer for greek language
3600 13173 snowball stemmer for hindi language
3600 13175 snowball stemmer for hungarian language
3600 13177 snowball stemmer for indonesian language
3600 13179 snowball stemmer for irish language
3600 13181 snowball stemmer for italian language
3600 13183 snowball stemmer for lithuanian language
3600 13185 snowball stemmer for nepali language
3600 13187 snowball stemmer for norwegian language
3600 13189 snowball stemmer for portuguese language
3600 13191 snowball stemmer for romanian language
3600 13193 snowball stemmer for russian language
3600 13195 snowball stemmer for serbian language
3600 13197 snowball stemmer for spanish language
3600 13199 snowball stemmer for swedish language
3600 13201 snowball stemmer for tamil language
3600 13203 snowball stemmer for turkish language
3600 13205 snowball stemmer for yiddish language
3601 3722 default word parser
3602 3748 simple configuration
3602 13152 configuration for arabic language
3602 13154 configuration for armenian language
3602 13156 configuration for basque language
3602 13158 configuration for catalan language
3602 13160 configuration for danish language
3602 13162 configuration for dutch language
3602 13164 configuration for english language
3602 13166 configuration for finnish language
3602 13168 configuration for french language
3602 13170 configuration for german language
3602 13172 configuration for greek language
3602 13174 configuration for hindi language
3602 13176 configuration for hungarian language
3602 13178 configuration for indonesian language
3602 13180 configuration for irish language
3602 13182 configuration for italian language
3602 13184 configuration for lithuanian language
3602 13186 configuration for nepali language
3602 13188 configuration for norwegian language
3602 13190 configuration for portuguese language
3602 13192 configuration for romanian language
3602 13194 configuration for russian language
3602 13196 configuration for serbian language
3602 13198 configuration for spanish language
3602 13200 configuration for swedish language
3602 13202 configuration for tamil language
3602 13204 configuration for turkish language
3602 13206 configuration for yiddish language
3764 3727 simple dictionary: just lower case and check for stopword
3764 3730 synonym dictionary: replace word by its synonym
3764 3733 ispell dictionary
3764 3742 thesaurus dictionary: phrase by phrase substitution
3764 13150 snowball stemmer
`;
