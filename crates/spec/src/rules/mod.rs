//! Rules that look at more than one value.
use crate::model::Spec;
use crate::reader::Reader;
use crate::tree::Node;

pub(crate) fn check(_spec: &mut Spec, _root: &Node, _reader: &mut Reader<'_>) {}
