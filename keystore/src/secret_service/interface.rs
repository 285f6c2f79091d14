//! The names of the specification: its interfaces, and the methods of its objects.

use crate::bus::Method;

use super::SERVICE;

const SERVICE_PATH: &str = "/org/freedesktop/secrets";
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
pub(super) const COLLECTION_INTERFACE: &str = "org.freedesktop.Secret.Collection";
pub(super) const ITEM_INTERFACE: &str = "org.freedesktop.Secret.Item";

/// The path that the Secret Service gives for "none".
pub(super) const NO_OBJECT: &str = "/";

/// The attribute that holds an item's name.
pub(super) const ATTRIBUTE: &str = "profile";

pub(super) fn service_method(member: &'static str, purpose: &'static str) -> Method<'static> {
    Method {
        service: SERVICE,
        path: SERVICE_PATH,
        interface: SERVICE_INTERFACE,
        member,
        purpose,
    }
}

pub(super) fn collection_method<'p>(
    path: &'p str,
    member: &'static str,
    purpose: &'static str,
) -> Method<'p> {
    Method {
        service: SERVICE,
        path,
        interface: COLLECTION_INTERFACE,
        member,
        purpose,
    }
}

pub(super) fn item_method<'p>(
    path: &'p str,
    member: &'static str,
    purpose: &'static str,
) -> Method<'p> {
    Method {
        service: SERVICE,
        path,
        interface: ITEM_INTERFACE,
        member,
        purpose,
    }
}

/// All properties of an object, for many of them at once.
pub(super) fn all_properties(purpose: &'static str) -> Method<'static> {
    Method {
        service: SERVICE,
        path: NO_OBJECT,
        interface: "org.freedesktop.DBus.Properties",
        member: "GetAll",
        purpose,
    }
}
