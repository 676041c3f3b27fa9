//! Artifacts of a build (TeamCity's source: FilesSubResource.java, BuildArtifactsFinder.java, File.java).

use std::collections::HashSet;

use bytes::Bytes;
use http::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::body::Body;
use crate::json::Json;
use crate::lifecycle::Phase;
use crate::model::{Artifact, Artifacts, Content};
use crate::pages::header;

use super::build_json::Seen;
use super::builds::find_one;
use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::{Answer, Call, Reply, only};

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// Bytes that are made at a time.
const PIECE: u64 = 64 * 1024;

/// The artifacts that a build has by now: none, or all.
fn published<'a>(call: &Call<'_>, seen: &Seen<'a>) -> Option<&'a Artifacts> {
    let over = seen.1.phase(call.now) == Phase::Finished && seen.1.start.is_some();
    over.then_some(&seen.0.plan.artifacts)
}

/// A file or folder.
struct Node<'a> {
    /// Segments of the path.
    path: Vec<String>,
    file: Option<&'a Artifact>,
}

impl Node<'_> {
    fn encoded(&self) -> String {
        self.path
            .iter()
            .map(|segment| utf8_percent_encode(segment, SEGMENT).to_string())
            .collect::<Vec<_>>()
            .join("/")
    }
}

/// What is right under a folder.
fn children<'a>(all: &'a [Artifact], under: &[String]) -> Vec<Node<'a>> {
    let mut found: Vec<Node<'a>> = Vec::new();
    let mut names = HashSet::new();
    for artifact in all {
        let inside = artifact.segments.strip_prefix(under);
        let Some(name) = inside.and_then(<[String]>::first) else {
            continue;
        };
        if names.insert(name) {
            let path = artifact.segments[..=under.len()].to_vec();
            let file = (artifact.segments.len() == under.len() + 1).then_some(artifact);
            found.push(Node { path, file });
        }
    }
    found
}

fn descend<'a>(all: &'a [Artifact], under: &[String], depth: usize, found: &mut Vec<Node<'a>>) {
    for node in children(all, under) {
        let (path, folder) = (node.path.clone(), node.file.is_none());
        found.push(node);
        if folder && depth > 1 {
            descend(all, &path, depth - 1, found);
        }
    }
}

pub(super) fn of_build(call: &Call<'_>, seen: &Seen<'_>, fields: &Fields) -> Json {
    let href = call.href(&format!("builds/id:{}/artifacts/children/", seen.0.id));
    let all: &[Artifact] = published(call, seen).map_or(&[], |all| all);
    let mut obj = Obj::new(fields);
    obj.with("count", Level::Named, || {
        children(all, &[])
            .iter()
            .filter(|node| node.path[0] != ".teamcity")
            .count()
    });
    obj.put("href", Level::Short, href);
    obj.nest("file", Level::Named, &Fields::short(), |fields| {
        children(all, &[])
            .iter()
            .filter(|node| node.path[0] != ".teamcity")
            .map(|node| file_json(call, seen, node, &[], fields))
            .collect::<Vec<_>>()
    });
    obj.done()
}

fn file_json(
    call: &Call<'_>,
    seen: &Seen<'_>,
    node: &Node<'_>,
    under: &[String],
    fields: &Fields,
) -> Json {
    let base = format!("builds/id:{}/artifacts", seen.0.id);
    let path = node.encoded();
    let name = node.path.last().cloned().unwrap_or_default();
    let full = node.path.get(under.len()..).unwrap_or_default().join("/");
    let at = seen.1.finish.unwrap_or_default();
    let mut obj = Obj::new(fields);
    obj.put("name", Level::Short, name)
        .put("fullName", Level::Named, full);
    if let Some(file) = node.file {
        obj.always(
            "size",
            Level::Short,
            file.listed_size.unwrap_or(file.content.len()),
        );
    }
    obj.put(
        "modificationTime",
        Level::Short,
        call.state.clock.compact(at),
    )
    .put(
        "href",
        Level::Short,
        call.href(&format!("{base}/metadata/{path}")),
    );
    if node.file.is_some() {
        obj.nest("content", Level::Short, &Fields::long(), |_| {
            Json::object([("href", call.href(&format!("{base}/content/{path}")).into())])
        });
    } else {
        obj.nest("children", Level::Short, &Fields::long(), |_| {
            Json::object([("href", call.href(&format!("{base}/children/{path}")).into())])
        });
    }
    obj.done()
}

pub(super) fn route(call: &Call<'_>, text: &str, rest: &[&str]) -> Answer {
    only(call, &["GET"])?;
    let seen = find_one(call, text)?;
    let published = published(call, &seen);
    let all: &[Artifact] = published.map_or(&[], |all| all);
    let (kind, path) = match rest {
        [] => ("children", &[][..]),
        [kind, path @ ..] => (*kind, path),
    };
    let path: Vec<String> = path
        .iter()
        // `.` is the folder itself, so that `children/.` lists the root.
        .filter(|segment| !matches!(**segment, "" | "."))
        .map(|segment| (*segment).to_owned())
        .collect();
    let file = published.and_then(|all| all.at(&path));
    // Most are asked for as files.
    let folder = file.is_none()
        && (path.is_empty()
            || all
                .iter()
                .any(|a| a.segments.len() > path.len() && a.segments[..path.len()] == path[..]));
    let shown = path.join("/");
    let missing = || {
        ApiError::not_found(format!(
            "Path '{shown}' is not found in artifacts of the build with id: {}",
            seen.0.id
        ))
    };
    if path.first().is_some_and(|first| first == ".teamcity") && !may_see_hidden(call, &seen) {
        return Err(ApiError::denied(
            "Artifact is not accessible with current user permissions.",
        ));
    }
    match kind {
        "children" => {
            if file.is_some() {
                return Err(ApiError::bad_request(format!(
                    "Cannot provide children list for file '{shown}'. To get content use '{}'.",
                    call.href(&format!(
                        "builds/id:{}/artifacts/content/{shown}",
                        seen.0.id
                    ))
                )));
            }
            // A build without artifacts has an empty root.
            if !folder {
                return Err(missing());
            }
            listing(call, &seen, all, &path)
        }
        "metadata" => {
            if file.is_none() && !folder {
                return Err(missing());
            }
            let node = Node {
                path: path.clone(),
                file,
            };
            Ok(Reply::Entity(
                "file",
                file_json(call, &seen, &node, &[], &call.fields()),
            ))
        }
        "content" | "files" => match file {
            Some(file) => Ok(Reply::Raw(content(call, file))),
            None if folder => Err(ApiError::not_found(format!(
                "Cannot provide content for '{shown}'. To get children use '{}'.",
                call.href(&format!(
                    "builds/id:{}/artifacts/children/{shown}",
                    seen.0.id
                ))
            ))),
            None => Err(missing()),
        },
        "archived" => {
            if file.is_none() && !folder {
                return Err(missing());
            }
            archived(call, all, &path)
        }
        _ => Err(ApiError::jersey(404)),
    }
}

/// Files under a folder that fit a pattern, as an archive. There is no range of it.
fn archived(call: &Call<'_>, all: &[Artifact], under: &[String]) -> Answer {
    let locator = Locator::parse_optional(call.query("locator"))?;
    let patterns = locator.value("pattern")?;
    for name in ["recursive", "hidden", "browseArchives"] {
        locator.all(name);
    }
    locator.finish(&["pattern", "recursive", "hidden", "browseArchives"])?;
    let fits = |path: &str| {
        patterns.as_deref().is_none_or(|patterns| {
            let mut all = patterns.split(',');
            all.any(|pattern| ant_matches(pattern.trim().trim_start_matches("+:"), path))
        })
    };
    let files: Vec<(String, Bytes)> = all
        .iter()
        .filter(|artifact| !artifact.is_hidden())
        .filter_map(|artifact| {
            let inside = artifact.segments.strip_prefix(under)?;
            // A file's own path leaves nothing: then its name is what stands in the archive.
            let path = match inside {
                [] => artifact.segments.last()?.clone(),
                inside => inside.join("/"),
            };
            let content = artifact.content.range(0, artifact.content.len());
            fits(&path).then_some((path, content))
        })
        .collect();
    let name = under.last().map_or("artifacts", String::as_str);
    let mut response = crate::pages::plain(200, "application/zip", crate::zip::stored(&files));
    let disposition = format!("attachment; filename=\"{name}.zip\"");
    header(&mut response, "content-disposition", &disposition);
    Ok(Reply::Raw(response))
}

fn may_see_hidden(call: &Call<'_>, seen: &Seen<'_>) -> bool {
    let project = call
        .state
        .build_type(&seen.0.build_type)
        .map_or("_Root", |of| of.project.as_str());
    call.state
        .may(&call.who, project, "view_build_runtime_data")
}

fn listing(call: &Call<'_>, seen: &Seen<'_>, all: &[Artifact], under: &[String]) -> Answer {
    const KNOWN: [&str; 11] = [
        "recursive",
        "hidden",
        "browseArchives",
        "directory",
        "pattern",
        "modified",
        "size",
        "archive",
        "count",
        "start",
        "lookupLimit",
    ];
    let locator = Locator::parse_optional(call.query("locator"))?;
    locator.help(&KNOWN)?;
    let depth = match locator.value("recursive")?.as_deref() {
        None | Some("false") => 1,
        Some("true") => usize::MAX,
        Some(depth) => depth.parse().map_err(|_| {
            ApiError::locator(format!(
                "Invalid value of dimension 'recursive': '{depth}'. Should be a number or boolean."
            ))
        })?,
    };
    let hidden = locator.boolean("hidden")?;
    let directory = locator.boolean("directory")?;
    let patterns = locator.value("pattern")?;
    let page = super::paging::Page::read(&locator, None, None)?;
    for name in ["browseArchives", "modified", "size", "archive"] {
        locator.all(name);
    }
    locator.finish(&KNOWN)?;
    let mut nodes = Vec::new();
    descend(all, under, depth, &mut nodes);
    let asks_hidden =
        hidden == Some(true) || under.first().is_some_and(|first| first == ".teamcity");
    let nodes = super::paging::page(nodes, page, |node| {
        let is_hidden = node.path.first().is_some_and(|first| first == ".teamcity");
        let relative = node.path.get(under.len()..).unwrap_or_default().join("/");
        (!is_hidden || asks_hidden)
            && directory.is_none_or(|directory| directory == node.file.is_none())
            && patterns.as_deref().is_none_or(|patterns| {
                patterns
                    .split(',')
                    .any(|pattern| ant_matches(pattern.trim(), &relative))
            })
    });
    let fields = call.fields();
    let mut obj = Obj::new(&fields);
    obj.always("count", Level::Short, nodes.items.len());
    obj.put(
        "href",
        Level::Named,
        call.href(&format!(
            "builds/id:{}/artifacts/children/{}",
            seen.0.id,
            under.join("/")
        )),
    );
    if fields.shows("file", Level::Long) {
        let list = nodes.items.iter().map(|node| {
            file_json(
                call,
                seen,
                node,
                under,
                &fields.nested("file", &Fields::short()),
            )
        });
        obj.always("file", Level::Long, list.collect::<Vec<_>>());
    }
    Ok(Reply::Entity("files", obj.done()))
}

/// An Ant pattern: `*` within a segment, `**` over segments, `+:` in front.
fn ant_matches(pattern: &str, path: &str) -> bool {
    fn segments(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern.split_first(), path.split_first()) {
            (None, None) => true,
            (Some((&"**", rest)), None) => segments(rest, path),
            (Some((&"**", rest)), Some((_, tail))) => {
                segments(rest, path) || segments(pattern, tail)
            }
            (Some((first, rest)), Some((head, tail))) => {
                glob(first.as_bytes(), head.as_bytes()) && segments(rest, tail)
            }
            _ => false,
        }
    }
    fn glob(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                glob(rest, text)
                    || text
                        .split_first()
                        .is_some_and(|(_, tail)| glob(pattern, tail))
            }
            (Some((b'?', rest)), Some((_, tail))) => glob(rest, tail),
            (Some((a, rest)), Some((b, tail))) => a == b && glob(rest, tail),
            _ => false,
        }
    }
    let pattern = pattern.strip_prefix("+:").unwrap_or(pattern);
    segments(
        &pattern.split('/').collect::<Vec<_>>(),
        &path.split('/').collect::<Vec<_>>(),
    )
}

fn content(call: &Call<'_>, file: &Artifact) -> Response<Body> {
    let len = file.content.len();
    let range = call
        .header("range")
        .and_then(|range| parse_range(range, len));
    let (from, to) = match range {
        Some(Ok(range)) => range,
        Some(Err(())) => {
            let mut response = crate::pages::plain(416, "text/plain", "");
            header(&mut response, "content-range", &format!("bytes */{len}"));
            return response;
        }
        None => (0, len),
    };
    let content = file.content.clone();
    let body = match &content {
        Content::Bytes(bytes) => Body::whole(bytes.slice(from as usize..to as usize)),
        Content::Generated(_) => {
            Body::stream((0..(to - from).div_ceil(PIECE)).map(move |piece| -> Bytes {
                content.range(from + piece * PIECE, (from + (piece + 1) * PIECE).min(to))
            }))
        }
    };
    let mut response = Response::new(body);
    if range.is_some() {
        *response.status_mut() = http::StatusCode::PARTIAL_CONTENT;
        header(
            &mut response,
            "content-range",
            &format!("bytes {from}-{}/{len}", to.saturating_sub(1)),
        );
    }
    header(&mut response, "content-type", "application/octet-stream");
    header(&mut response, "content-length", &(to - from).to_string());
    header(&mut response, "accept-ranges", "bytes");
    // Seen on teamcity.jetbrains.com, where no redirect was.
    header(&mut response, "cache-control", "max-age=86400");
    header(&mut response, "etag", &format!("W/\"{len}\""));
    let name: String = file
        .segments
        .last()
        .map(|name| utf8_percent_encode(name, SEGMENT).to_string())
        .unwrap_or_default();
    header(
        &mut response,
        "content-disposition",
        &format!("attachment; filename*=UTF-8''{name}"),
    );
    response
}

/// A single byte range as from and to (exclusive); an error if it can't be had, nothing if it is no range.
fn parse_range(range: &str, len: u64) -> Option<Result<(u64, u64), ()>> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (from.parse::<u64>().ok(), to.parse::<u64>().ok()) {
        (Some(from), Some(to)) => (from, to.saturating_add(1).min(len)),
        (Some(from), None) => (from, len),
        (None, Some(last)) => (len.saturating_sub(last), len),
        (None, None) => return None,
    };
    Some(if range.0 < range.1 {
        Ok(range)
    } else {
        Err(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ant_patterns() {
        assert!(ant_matches("**/*.zip", "a/b/c.zip"));
        assert!(ant_matches("**/*.zip", "c.zip"));
        assert!(ant_matches("dir/**", "dir/x"));
        assert!(!ant_matches("*.zip", "a/c.zip"));
    }
}
