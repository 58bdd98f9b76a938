//! Test support: real servers, planted faults, conformance.
