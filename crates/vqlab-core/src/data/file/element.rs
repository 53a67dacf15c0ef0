//! The number types of files.

/// The type of one number of a file, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    U8,
    I8,
    U16,
    I32,
    U32,
    I64,
    U64,
    F16,
    /// Not in npy files: NumPy has no such type.
    BF16,
    F32,
    F64,
}

impl Element {
    pub const ALL: [Element; 11] = [
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I32,
        Self::U32,
        Self::I64,
        Self::U64,
        Self::F16,
        Self::BF16,
        Self::F32,
        Self::F64,
    ];

    /// The types of npy files.
    pub(super) const NPY: [Element; 10] =
        [Self::U8, Self::I8, Self::U16, Self::I32, Self::U32, Self::I64, Self::U64, Self::F16, Self::F32, Self::F64];
    /// The types of codes.
    pub(super) const CODES: [Element; 2] = [Self::U8, Self::U16];
    /// The types of ids.
    pub(super) const IDS: [Element; 4] = [Self::I32, Self::U32, Self::I64, Self::U64];

    /// Bytes of one number.
    pub fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::F16 | Self::BF16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// NumPy's name, `float32`.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "uint8",
            Self::I8 => "int8",
            Self::U16 => "uint16",
            Self::I32 => "int32",
            Self::U32 => "uint32",
            Self::I64 => "int64",
            Self::U64 => "uint64",
            Self::F16 => "float16",
            Self::BF16 => "bfloat16",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    /// The spelling in the header of an npy file, `<f4`.
    pub(super) fn descr(self) -> &'static str {
        match self {
            Self::U8 => "|u1",
            Self::I8 => "|i1",
            Self::U16 => "<u2",
            Self::I32 => "<i4",
            Self::U32 => "<u4",
            Self::I64 => "<i8",
            Self::U64 => "<u8",
            Self::F16 => "<f2",
            // Any two bytes: NumPy's form of the type from the package ml_dtypes. Never read as such.
            Self::BF16 => "<V2",
            Self::F32 => "<f4",
            Self::F64 => "<f8",
        }
    }

    /// The type with this spelling in an npy header. The byte order of a single byte is ignored.
    pub(super) fn of_descr(descr: &str) -> Option<Self> {
        match descr {
            "<u1" | ">u1" => Some(Self::U8),
            "<i1" | ">i1" => Some(Self::I8),
            _ => Self::NPY.into_iter().find(|element| element.descr() == descr),
        }
    }

    /// Whether it can hold NaN and infinity.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::BF16 | Self::F32 | Self::F64)
    }
}

/// The NumPy expression that converts an array to one of these types.
pub(super) fn conversion(elements: &[Element]) -> String {
    let usual = [Element::F32, Element::I64, Element::U16].into_iter().find(|usual| elements.contains(usual));
    format!("array.astype('{}')", usual.or(elements.first().copied()).unwrap_or(Element::F32).descr())
}

/// `float32, float64`.
pub(super) fn names(elements: &[Element]) -> String {
    elements.iter().map(|element| element.name()).collect::<Vec<_>>().join(", ")
}
