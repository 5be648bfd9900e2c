//! Rows as a Parquet file: flat columns of which every value may be missing, compressed by Snappy,
//! in row groups of bounded size, so that memory is bounded as well. Only the description of the row
//! groups, some kilobytes each, is kept up to the end of the file.

use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::ExportError;
use super::table::{Cell, Column, Kind};

/// Most rows of a group, and most bytes of values.
const GROUP_ROWS: usize = 16 * 1024;
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// See the module.
pub(super) struct Parquet {
    writer: SerializedFileWriter<Vec<u8>>,
    columns: Vec<Values>,
    rows: usize,
    bytes: usize,
    /// Whether a group was written since the last time that what was written was taken.
    written: bool,
}

/// Values of a column that wait for their group. A level is 1 where there is a value.
struct Values {
    levels: Vec<i16>,
    values: Typed,
}

enum Typed {
    Bytes(Vec<ByteArray>),
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
}

impl Parquet {
    pub(super) fn new(columns: &[Column]) -> Result<Self, ExportError> {
        let fields: Result<Vec<_>, ParquetError> = columns.iter().map(field).collect();
        let schema = Type::group_type_builder("firstglance")
            .with_fields(fields?)
            .build()?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_created_by(concat!("firstglance ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
        Ok(Self {
            writer,
            columns: columns.iter().map(Values::of).collect(),
            rows: 0,
            bytes: 0,
            written: false,
        })
    }

    pub(super) fn add(&mut self, row: Vec<Cell>) -> Result<(), ExportError> {
        for (values, cell) in self.columns.iter_mut().zip(row) {
            self.bytes += cell.bytes();
            values.add(cell);
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.write_group()?;
        }
        Ok(())
    }

    /// Whether there is anything to be taken.
    pub(super) const fn has_written(&self) -> bool {
        self.written
    }

    /// What was written since the last time.
    pub(super) fn take(&mut self) -> Result<Vec<u8>, ExportError> {
        self.writer
            .flush()
            .map_err(|error| ExportError::form(&error))?;
        self.written = false;
        Ok(std::mem::take(self.writer.inner_mut()))
    }

    /// What is left to be written.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, ExportError> {
        if self.rows > 0 {
            self.write_group()?;
        }
        Ok(self.writer.into_inner()?)
    }

    fn write_group(&mut self) -> Result<(), ExportError> {
        let mut group = self.writer.next_row_group()?;
        for values in &mut self.columns {
            let Some(mut column) = group.next_column()? else {
                break;
            };
            values.write(column.untyped())?;
            column.close()?;
        }
        group.close()?;
        (self.rows, self.bytes, self.written) = (0, 0, true);
        Ok(())
    }
}

impl Values {
    fn of(column: &Column) -> Self {
        let values = match column.kind {
            Kind::Text | Kind::Json => Typed::Bytes(Vec::new()),
            Kind::Integer | Kind::Moment => Typed::Integers(Vec::new()),
            Kind::Number => Typed::Numbers(Vec::new()),
        };
        Self {
            levels: Vec::new(),
            values,
        }
    }

    fn add(&mut self, cell: Cell) {
        let integer = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let known = match (&mut self.values, cell) {
            (Typed::Bytes(values), Cell::Text(text)) => {
                values.push(text.into_bytes().into());
                true
            }
            (Typed::Integers(values), Cell::Integer(value)) => {
                values.push(integer(value));
                true
            }
            (Typed::Integers(values), Cell::Moment(moment)) => {
                values.push(integer(moment.as_milliseconds()));
                true
            }
            (Typed::Numbers(values), Cell::Number(value)) => {
                values.push(value);
                true
            }
            _ => false,
        };
        self.levels.push(i16::from(known));
    }

    fn write(&mut self, column: &mut ColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = std::mem::take(&mut self.levels);
        let levels = Some(&levels[..]);
        match (&mut self.values, column) {
            (Typed::Bytes(values), ColumnWriter::ByteArrayColumnWriter(column)) => {
                column.write_batch(values, levels, None)?;
                values.clear();
            }
            (Typed::Integers(values), ColumnWriter::Int64ColumnWriter(column)) => {
                column.write_batch(values, levels, None)?;
                values.clear();
            }
            (Typed::Numbers(values), ColumnWriter::DoubleColumnWriter(column)) => {
                column.write_batch(values, levels, None)?;
                values.clear();
            }
            _ => return Err(ParquetError::General("a column of another type".to_owned())),
        }
        Ok(())
    }
}

fn field(column: &Column) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
        Kind::Integer => (Physical::INT64, None),
        Kind::Number => (Physical::DOUBLE, None),
        Kind::Moment => (
            Physical::INT64,
            Some(LogicalType::timestamp(true, TimeUnit::MILLIS)),
        ),
    };
    let built = Type::primitive_type_builder(column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()?;
    Ok(Arc::new(built))
}

impl From<ParquetError> for ExportError {
    fn from(error: ParquetError) -> Self {
        Self::form(&error)
    }
}
