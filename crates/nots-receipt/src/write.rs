//! Pages as a PDF with embedded fonts.

use std::collections::BTreeMap;

use nots_core::Timestamp;
use pdf_writer::{
    Content, Date, Finish, Name, Pdf, Rect, Ref, Str, TextStr,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use subsetter::GlyphRemapper;

use crate::{
    RenderError,
    face::{Faces, Weight},
    flow::{LEFT, PAGE, Page, RIGHT},
};

/// What the file says of itself.
pub(crate) struct About {
    pub(crate) title: String,
    pub(crate) author: String,
    pub(crate) issued_at: Timestamp,
}

/// How characters are numbered in the PDF, in their own order: each has a code of its own, also those that share the
/// empty box, so that text which the font cannot show is still found and copied.
type Codes = BTreeMap<char, u16>;

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const INFO: Ref = Ref::new(3);
/// Each font has this many objects, and the pages follow the fonts.
const OF_A_FONT: i32 = 6;
const FIRST: i32 = 4;

fn nth(base: i32, place: usize, each: i32) -> Ref {
    let place = i32::try_from(place).unwrap_or(i32::MAX / 8);
    Ref::new(base.saturating_add(place.saturating_mul(each)))
}

fn name(weight: Weight) -> Name<'static> {
    match weight {
        Weight::Regular => Name(b"F1"),
        Weight::Bold => Name(b"F2"),
    }
}

pub(crate) fn document(pages: &[Page], faces: &Faces, about: &About) -> Result<Vec<u8>, RenderError> {
    let mut pdf = Pdf::new();
    let mut catalog = pdf.catalog(CATALOG);
    catalog.pages(PAGES).lang(TextStr("en-GB"));
    catalog.viewer_preferences().display_doc_title(true);
    catalog.finish();
    let mut info = pdf.document_info(INFO);
    info.title(TextStr(&about.title)).author(TextStr(&about.author)).creator(TextStr("NOTS"));
    info.creation_date(date(about.issued_at));
    info.finish();

    let codes = Weight::ALL.map(|weight| codes(pages, weight));
    for (place, (weight, codes)) in Weight::ALL.into_iter().zip(&codes).enumerate() {
        font(&mut pdf, nth(FIRST, place, OF_A_FONT), weight, faces, codes)?;
    }
    let first_page = FIRST + OF_A_FONT * 2;
    let page_id = |place| nth(first_page, place, 2);
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(PAGES).kids((0..pages.len()).map(page_id)).count(count);
    for (place, page) in pages.iter().enumerate() {
        let content_id = nth(first_page + 1, place, 2);
        let mut written = pdf.page(page_id(place));
        written.parent(PAGES).media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).contents(content_id);
        let mut resources = written.resources();
        let mut fonts = resources.fonts();
        for (place, weight) in Weight::ALL.into_iter().enumerate() {
            fonts.pair(name(weight), nth(FIRST, place, OF_A_FONT));
        }
        fonts.finish();
        resources.finish();
        written.finish();
        pdf.stream(content_id, &content(page, &codes));
    }
    Ok(pdf.finish())
}

fn codes(pages: &[Page], weight: Weight) -> Codes {
    let runs = pages.iter().flat_map(|page| &page.runs).filter(|run| run.style.weight == weight);
    let mut codes: Codes = runs.flat_map(|run| run.text.chars()).map(|c| (c, 0)).collect();
    for (code, given) in (1..).zip(codes.values_mut()) {
        *given = code;
    }
    codes
}

fn content(page: &Page, [regular, bold]: &[Codes; 2]) -> Vec<u8> {
    let mut content = Content::new();
    content.set_line_width(0.6).set_stroke_gray(0.6);
    for from_top in &page.rules {
        let y = PAGE.1 - from_top;
        content.move_to(LEFT, y).line_to(RIGHT, y).stroke();
    }
    content.begin_text();
    for run in &page.runs {
        let codes = match run.style.weight {
            Weight::Regular => regular,
            Weight::Bold => bold,
        };
        let text = run.text.chars().filter_map(|c| codes.get(&c));
        let text: Vec<u8> = text.flat_map(|code| code.to_be_bytes()).collect();
        content.set_fill_gray(run.style.grey);
        content.set_font(name(run.style.weight), run.style.size);
        content.set_text_matrix([1.0, 0.0, 0.0, 1.0, run.x, PAGE.1 - run.y]);
        content.show(Str(&text));
    }
    content.end_text();
    content.finish().to_vec()
}

/// A font, cut down to the glyphs of the codes.
fn font(pdf: &mut Pdf, id: Ref, weight: Weight, faces: &Faces, codes: &Codes) -> Result<(), RenderError> {
    let [cid_id, descriptor_id, file_id, map_id, unicode_id] =
        [1, 2, 3, 4, 5].map(|n| Ref::new(id.get() + n));
    let face = faces.of(weight);
    let (data, font_name) = weight.font();
    let mut kept = GlyphRemapper::new();
    // Which glyph each code is; code 0 is the empty box.
    let mut glyphs = vec![0, 0];
    let mut unicode = UnicodeCmap::<u16>::new(Name(b"Custom"), SYSTEM);
    for (c, code) in codes {
        glyphs.extend(kept.remap(faces.glyph(weight, *c).0).to_be_bytes());
        unicode.pair(*code, *c);
    }
    let base_name = format!("{}+{font_name}", tag(codes));
    let base_name = Name(base_name.as_bytes());
    pdf.type0_font(id)
        .base_font(base_name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid_id)
        .to_unicode(unicode_id);

    let mut cid = pdf.cid_font(cid_id);
    cid.subtype(CidFontType::Type2).base_font(base_name).system_info(SYSTEM).font_descriptor(descriptor_id);
    cid.default_width(0.0).cid_to_gid_map_stream(map_id);
    cid.widths().consecutive(1, codes.keys().map(|c| faces.advance(weight, *c)));
    cid.finish();

    let scale = 1_000.0 / f32::from(face.units_per_em());
    let scaled = |units: i16| f32::from(units) * scale;
    let bounds = face.global_bounding_box();
    pdf.font_descriptor(descriptor_id)
        .name(base_name)
        .flags(FontFlags::NON_SYMBOLIC)
        .bbox(Rect::new(
            scaled(bounds.x_min),
            scaled(bounds.y_min),
            scaled(bounds.x_max),
            scaled(bounds.y_max),
        ))
        .italic_angle(0.0)
        .ascent(scaled(face.ascender()))
        .descent(scaled(face.descender()))
        .cap_height(face.capital_height().map_or(700.0, scaled))
        .stem_v(if weight == Weight::Bold { 140.0 } else { 90.0 })
        .font_file2(file_id);
    pdf.stream(file_id, &subsetter::subset(data, 0, &kept)?);
    pdf.stream(map_id, &glyphs);
    pdf.cmap(unicode_id, &unicode.finish());
    Ok(())
}

const SYSTEM: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Six letters that tell one subset of a font from another, as the format asks.
fn tag(codes: &Codes) -> String {
    let mixed =
        codes.keys().fold(0x811c_9dc5_u32, |mixed, c| (mixed ^ u32::from(*c)).wrapping_mul(0x0100_0193));
    (0..6).map(|place| char::from(b'A' + u8::try_from((mixed >> (place * 4)) & 0xf).unwrap_or(0))).collect()
}

fn date(at: Timestamp) -> Date {
    let part = |format: &str| at.in_utc(format).parse::<u8>().unwrap_or_default();
    Date::new(at.in_utc("%Y").parse().unwrap_or_default())
        .month(part("%m"))
        .day(part("%d"))
        .hour(part("%H"))
        .minute(part("%M"))
        .second(part("%S"))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}
