//! The container of an OpenDocument file: a zip archive whose first entry tells its type.

use std::io::{Cursor, Write};

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The media type of a spreadsheet.
pub(crate) const SPREADSHEET: &str = "application/vnd.oasis.opendocument.spreadsheet";

/// Packs the parts with the list of them. The time of every entry is the first that the format
/// can hold, for a release has no clock.
pub(crate) fn pack(parts: &[(&str, String)]) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let stored = options.compression_method(CompressionMethod::Stored);
    let deflated = options.compression_method(CompressionMethod::Deflated);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // Readers tell the type from these bytes, which is why they are first and not compressed.
    archive.start_file("mimetype", stored)?;
    archive.write_all(SPREADSHEET.as_bytes())?;
    for (name, text) in parts {
        archive.start_file(*name, deflated)?;
        archive.write_all(text.as_bytes())?;
    }
    archive.start_file("META-INF/manifest.xml", deflated)?;
    archive.write_all(manifest(parts).as_bytes())?;
    Ok(archive.finish()?.into_inner())
}

fn manifest(parts: &[(&str, String)]) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" \
         manifest:version=\"1.3\">\n",
    );
    out.push_str(&format!(
        "<manifest:file-entry manifest:full-path=\"/\" manifest:version=\"1.3\" \
         manifest:media-type=\"{SPREADSHEET}\"/>\n"
    ));
    for (name, _) in parts {
        out.push_str(&format!(
            "<manifest:file-entry manifest:full-path=\"{name}\" manifest:media-type=\"text/xml\"/>\n"
        ));
    }
    out.push_str("</manifest:manifest>\n");
    out
}
