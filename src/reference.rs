//! stub
pub mod bindings;
pub fn canonical_placeholder(_inner: &str) -> Option<&'static str> {
    None
}
