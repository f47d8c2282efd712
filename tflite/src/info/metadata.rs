//! `TFLITE_METADATA`: a description for people and tools, in a FlatBuffer of its own.

use crate::schema::table::{Buffer, Field, Malformed, Table};

type Result<T> = std::result::Result<T, Malformed>;

/// What the authors say of a model, its inputs and its outputs. Texts may be empty.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/described.tflite");
/// let info = tflite::Model::from_file(path)?.info()?;
/// let described = info.model_metadata.expect("this model has some");
/// println!("{} by {}: {}", described.name, described.author, described.description);
/// for input in &described.subgraphs[0].inputs {
///     println!("{}: {:?}", input.name, input.normalization);
/// }
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ModelMetadata {
    /// The model's name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The model's version.
    pub version: String,
    /// Who made it.
    pub author: String,
    /// Under which licence.
    pub license: String,
    /// The oldest reader that understands all of this, such as `1.0.0`.
    pub min_parser_version: String,
    /// Files that belong to the model as a whole.
    pub associated_files: Vec<AssociatedFile>,
    /// The functions, in the order of the model's subgraphs.
    pub subgraphs: Vec<SubgraphMetadata>,
}

/// What the authors say of a function.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SubgraphMetadata {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Its inputs, in the order of the subgraph.
    pub inputs: Vec<TensorMetadata>,
    /// Its outputs, in the order of the subgraph.
    pub outputs: Vec<TensorMetadata>,
    /// Files that belong to it.
    pub associated_files: Vec<AssociatedFile>,
}

/// What the authors say of an input or output.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TensorMetadata {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub description: String,
    /// The names of its dimensions.
    pub dimension_names: Vec<String>,
    /// How values are made into elements, if it is said.
    pub normalization: Option<Normalization>,
    /// Files that belong to it, such as labels.
    pub associated_files: Vec<AssociatedFile>,
}

/// Elements are `(value - mean) / std`. One number each, or one for each channel.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Normalization {
    /// What to take off.
    pub mean: Vec<f32>,
    /// What to divide by.
    pub std: Vec<f32>,
}

/// A file in the archive behind a model, as the description refers to it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AssociatedFile {
    /// Its name in the archive.
    pub name: String,
    /// What it is.
    pub description: String,
    /// What it holds.
    pub kind: AssociatedFileType,
    /// The language of its text as a BCP 47 tag, such as `en`. May be empty.
    pub locale: String,
    /// The file's version.
    pub version: String,
}

/// What an associated file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssociatedFileType {
    /// Not said.
    Unspecified,
    /// A description, as text.
    Descriptions,
    /// One label a line, for the indices of an output's last dimension.
    TensorAxisLabels,
    /// One label a line, for the values that an element can have.
    TensorValueLabels,
    /// Parameters to correct scores with, one line for each index.
    TensorAxisScoreCalibration,
    /// One token a line, for text.
    Vocabulary,
    /// An index for a search of neighbours.
    ScannIndexFile,
    /// A type that this crate does not know.
    Unknown(i8),
}

impl AssociatedFileType {
    fn from_number(number: i8) -> Self {
        match number {
            0 => Self::Unspecified,
            1 => Self::Descriptions,
            2 => Self::TensorAxisLabels,
            3 => Self::TensorValueLabels,
            4 => Self::TensorAxisScoreCalibration,
            5 => Self::Vocabulary,
            6 => Self::ScannIndexFile,
            unknown => Self::Unknown(unknown),
        }
    }
}

/// The type of the union that normalization is.
const NORMALIZATION: u8 = 1;

pub(super) fn read(bytes: &[u8]) -> Result<ModelMetadata> {
    // Inside a model, the bytes can be at any address; counted from their start all is aligned.
    let buffer = Buffer::new(bytes);
    let root = buffer.root()?;
    Ok(ModelMetadata {
        name: root.text(Field(0, "name"))?,
        description: root.text(Field(1, "description"))?,
        version: root.text(Field(2, "version"))?,
        subgraphs: list(&root, Field(3, "subgraph_metadata"), read_subgraph)?,
        author: root.text(Field(4, "author"))?,
        license: root.text(Field(5, "license"))?,
        associated_files: list(&root, Field(6, "associated_files"), read_file)?,
        min_parser_version: root.text(Field(7, "min_parser_version"))?,
    })
}

fn list<'b, 'a, T>(
    table: &Table<'b, 'a>,
    field: Field,
    read: impl Fn(&Table<'b, 'a>) -> Result<T>,
) -> Result<Vec<T>> {
    let tables = table.tables(field)?.unwrap_or_default();
    tables.iter().map(read).collect()
}

fn read_subgraph(graph: &Table<'_, '_>) -> Result<SubgraphMetadata> {
    Ok(SubgraphMetadata {
        name: graph.text(Field(0, "name"))?,
        description: graph.text(Field(1, "description"))?,
        inputs: list(graph, Field(2, "input_tensor_metadata"), read_tensor)?,
        outputs: list(graph, Field(3, "output_tensor_metadata"), read_tensor)?,
        associated_files: list(graph, Field(4, "associated_files"), read_file)?,
    })
}

fn read_tensor(tensor: &Table<'_, '_>) -> Result<TensorMetadata> {
    let mut normalization = None;
    for unit in tensor
        .tables(Field(4, "process_units"))?
        .unwrap_or_default()
    {
        if unit.number::<u8>(Field(0, "options_type"))? != NORMALIZATION {
            continue;
        }
        if let Some(options) = unit.table(Field(1, "options"))? {
            normalization = Some(Normalization {
                mean: options.numbers(Field(0, "mean"))?.to_vec(),
                std: options.numbers(Field(1, "std"))?.to_vec(),
            });
        }
    }
    Ok(TensorMetadata {
        name: tensor.text(Field(0, "name"))?,
        description: tensor.text(Field(1, "description"))?,
        dimension_names: tensor.texts(Field(2, "dimension_names"))?,
        normalization,
        associated_files: list(tensor, Field(6, "associated_files"), read_file)?,
    })
}

fn read_file(file: &Table<'_, '_>) -> Result<AssociatedFile> {
    Ok(AssociatedFile {
        name: file.text(Field(0, "name"))?,
        description: file.text(Field(1, "description"))?,
        kind: AssociatedFileType::from_number(file.number(Field(2, "type"))?),
        locale: file.text(Field(3, "locale"))?,
        version: file.text(Field(4, "version"))?,
    })
}
