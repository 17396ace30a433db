//! Tests in C.
