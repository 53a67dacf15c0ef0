//! PDF of a figure: a back end of plotters that writes paths and text into one page. Text stays text, in a subset of the
//! embedded font. The same drawing gives the same bytes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, LineCapStyle, LineJoinStyle, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str};
use plotters_backend::text_anchor::HPos;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
    FontTransform,
};
use subsetter::{GlyphRemapper, subset};
use ttf_parser::Face;

use super::FigureError;

/// A page that is drawn on. Coordinates are units, with y downwards.
pub(super) struct PdfBackend<'a> {
    page: &'a mut Page,
}

/// The content of the page, and what it refers to.
pub(super) struct Page {
    size: (u32, u32),
    /// Points per unit.
    scale: f32,
    content: Content,
    regular: Font,
    bold: Font,
    /// Opacities in thousandths.
    opacities: Vec<u16>,
}

/// A font of the page, and the characters that are used.
struct Font {
    data: &'static [u8],
    face: Face<'static>,
    glyphs: GlyphRemapper,
    /// Glyph in the subset → character and advance in thousandths of an em.
    used: BTreeMap<u16, (char, f32)>,
}

impl Font {
    fn new(data: &'static [u8]) -> Result<Self, FigureError> {
        let face = Face::parse(data, 0).map_err(FigureError::draw)?;
        Ok(Self { data, face, glyphs: GlyphRemapper::new(), used: BTreeMap::new() })
    }

    fn thousandths(&self, units: f32) -> f32 {
        1000.0 * units / f32::from(self.face.units_per_em())
    }

    /// The glyphs of a text, two bytes each, and its length in em.
    fn encode(&mut self, text: &str) -> (Vec<u8>, f32) {
        let (mut bytes, mut length) = (Vec::new(), 0.0);
        for character in text.chars() {
            let glyph = self.face.glyph_index(character).unwrap_or_default();
            let advance = self.thousandths(f32::from(self.face.glyph_hor_advance(glyph).unwrap_or(0)));
            let new = self.glyphs.remap(glyph.0);
            self.used.insert(new, (character, advance));
            bytes.extend(new.to_be_bytes());
            length += advance / 1000.0;
        }
        (bytes, length)
    }
}

impl Page {
    /// A page of `size` units of `scale` points each.
    pub fn new(size: (u32, u32), scale: f32) -> Result<Self, FigureError> {
        let mut content = Content::new();
        content.transform([scale, 0.0, 0.0, -scale, 0.0, size.1 as f32 * scale]);
        // As SVG draws lines: flat ends, mitered corners.
        content.set_line_cap(LineCapStyle::ButtCap).set_line_join(LineJoinStyle::MiterJoin);
        let (regular, bold) = (Font::new(notosans::REGULAR_TTF)?, Font::new(notosans::BOLD_TTF)?);
        Ok(Self { size, scale, content, regular, bold, opacities: vec![1000] })
    }

    pub fn backend(&mut self) -> PdfBackend<'_> {
        PdfBackend { page: self }
    }

    fn opacity(&mut self, alpha: f64) {
        let thousandths = (alpha.clamp(0.0, 1.0) * 1000.0).round() as u16;
        if !self.opacities.contains(&thousandths) {
            self.opacities.push(thousandths);
        }
        self.content.set_parameters(Name(format!("a{thousandths}").as_bytes()));
    }

    fn fill(&mut self, color: BackendColor) {
        let [red, green, blue] = rgb(color);
        self.opacity(color.alpha);
        self.content.set_fill_rgb(red, green, blue);
    }

    fn outline(&mut self, points: impl IntoIterator<Item = BackendCoord>) {
        for (number, (x, y)) in points.into_iter().enumerate() {
            let (x, y) = (x as f32, y as f32);
            if number == 0 {
                self.content.move_to(x, y)
            } else {
                self.content.line_to(x, y)
            };
        }
    }

    /// The bytes of the document.
    pub fn finish(self) -> Result<Vec<u8>, FigureError> {
        let mut pdf = Pdf::new();
        let mut ids = (1..).map(Ref::new);
        let mut id = || ids.next().unwrap_or(Ref::new(i32::MAX));
        let [catalog, pages, page, content] = [id(), id(), id(), id()];
        let fonts: Vec<_> = [("F0", "NotoSans-Regular", &self.regular), ("F1", "NotoSans-Bold", &self.bold)]
            .into_iter()
            .filter(|(_, _, font)| !font.used.is_empty())
            .map(|(key, name, font)| (key, name, font, [id(), id(), id(), id(), id()]))
            .collect();
        let states: Vec<_> = self.opacities.iter().map(|opacity| (*opacity, id())).collect();

        pdf.catalog(catalog).pages(pages);
        pdf.pages(pages).kids([page]).count(1);
        let mut sheet = pdf.page(page);
        let (width, height) = (self.size.0 as f32 * self.scale, self.size.1 as f32 * self.scale);
        sheet.media_box(Rect::new(0.0, 0.0, width, height)).parent(pages).contents(content);
        let mut resources = sheet.resources();
        let mut named = resources.fonts();
        for (key, _, _, ids) in &fonts {
            named.pair(Name(key.as_bytes()), ids[0]);
        }
        named.finish();
        let mut named = resources.ext_g_states();
        for (opacity, id) in &states {
            named.pair(Name(format!("a{opacity}").as_bytes()), *id);
        }
        named.finish();
        resources.finish();
        sheet.finish();
        for (opacity, id) in &states {
            let alpha = f32::from(*opacity) / 1000.0;
            pdf.ext_graphics(*id).stroking_alpha(alpha).non_stroking_alpha(alpha);
        }
        for (_, name, font, ids) in &fonts {
            write_font(&mut pdf, name, font, *ids)?;
        }
        write_stream(&mut pdf, content, &self.content.finish())?;
        Ok(pdf.finish())
    }
}

/// The font as Type 0 font, its CID font, its descriptor, its file and its characters.
fn write_font(pdf: &mut Pdf, name: &str, font: &Font, ids: [Ref; 5]) -> Result<(), FigureError> {
    let [font_id, cid_id, descriptor_id, file_id, characters_id] = ids;
    let info = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
    // A tag of six letters marks a subset (ISO 32000-1, 9.6.4).
    let name = format!("VQLABS+{name}");
    let name = Name(name.as_bytes());
    pdf.type0_font(font_id)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid_id)
        .to_unicode(characters_id);
    let mut cid = pdf.cid_font(cid_id);
    cid.subtype(CidFontType::Type2).base_font(name).system_info(info).font_descriptor(descriptor_id);
    cid.default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = cid.widths();
    for (glyph, (_, advance)) in &font.used {
        widths.same(*glyph, *glyph, *advance);
    }
    widths.finish();
    cid.finish();

    let face = &font.face;
    let em = |units: i16| font.thousandths(f32::from(units));
    let bounds = face.global_bounding_box();
    let rectangle = Rect::new(em(bounds.x_min), em(bounds.y_min), em(bounds.x_max), em(bounds.y_max));
    pdf.font_descriptor(descriptor_id)
        .name(name)
        .flags(FontFlags::NON_SYMBOLIC)
        .bbox(rectangle)
        .italic_angle(0.0)
        .ascent(em(face.ascender()))
        .descent(em(face.descender()))
        .cap_height(em(face.capital_height().unwrap_or(face.ascender())))
        // Not in the font; readers use it for substitutes only.
        .stem_v(80.0)
        .font_file2(file_id);
    write_stream(pdf, file_id, &subset(font.data, 0, &font.glyphs).map_err(FigureError::draw)?)?;

    let mut characters = UnicodeCmap::new(Name(b"Characters"), info);
    for (glyph, (character, _)) in &font.used {
        characters.pair(*glyph, *character);
    }
    pdf.cmap(characters_id, &characters.finish());
    Ok(())
}

fn write_stream(pdf: &mut Pdf, id: Ref, bytes: &[u8]) -> Result<(), FigureError> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(FigureError::draw)?;
    pdf.stream(id, &packed).filter(Filter::FlateDecode);
    Ok(())
}

fn rgb(color: BackendColor) -> [f32; 3] {
    let (red, green, blue) = color.rgb;
    [red, green, blue].map(|value| f32::from(value) / 255.0)
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for PdfBackend<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.page.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.fill_polygon([(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)], &color)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let [red, green, blue] = rgb(style.color());
        self.page.opacity(style.color().alpha);
        self.page.content.set_stroke_rgb(red, green, blue).set_line_width(style.stroke_width() as f32);
        self.page.outline(path);
        self.page.content.stroke();
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, vert: I, style: &S) -> Drawn {
        self.page.fill(style.color());
        self.page.outline(vert);
        self.page.content.close_path().fill_nonzero();
        Ok(())
    }

    /// `position` is the point on the baseline ([`super::canvas::FontUse::PDF`]).
    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, position: BackendCoord) -> Drawn {
        let page = &mut *self.page;
        let (key, font) = match style.style() {
            FontStyle::Bold => (b"F1", &mut page.bold),
            FontStyle::Normal | FontStyle::Italic | FontStyle::Oblique => (b"F0", &mut page.regular),
        };
        let (glyphs, length) = font.encode(text);
        let size = style.size() as f32;
        let before = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => 0.5,
            HPos::Right => 1.0,
        } * length
            * size;
        // The direction of the text, with y downwards.
        let (dx, dy) = match style.transform() {
            FontTransform::None => (1.0, 0.0),
            FontTransform::Rotate90 => (0.0, 1.0),
            FontTransform::Rotate180 => (-1.0, 0.0),
            FontTransform::Rotate270 => (0.0, -1.0),
        };
        let (x, y) = (position.0 as f32 - before * dx, position.1 as f32 - before * dy);
        page.fill(style.color());
        page.content.begin_text().set_font(Name(key), size).set_text_matrix([dx, dy, dy, -dx, x, y]);
        page.content.show(Str(&glyphs)).end_text();
        Ok(())
    }
}
