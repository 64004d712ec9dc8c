//! Which of the allowed tables and listed columns a database has.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Wanted;

/// A database's schema of version 9, as far as it is needed.
#[derive(Debug, Deserialize)]
pub(super) struct Schema {
    typespace: Typespace,
    tables: Vec<TableDef>,
}

#[derive(Debug, Deserialize)]
struct Typespace {
    types: Vec<TypeDef>,
}

/// Only rows matter, and these are products.
#[derive(Debug, Deserialize)]
struct TypeDef {
    #[serde(rename = "Product")]
    product: Option<Product>,
}

#[derive(Debug, Deserialize)]
struct Product {
    elements: Vec<Element>,
}

#[derive(Debug, Deserialize)]
struct Element {
    name: Name,
}

#[derive(Debug, Deserialize)]
struct Name {
    some: Option<String>,
}

#[derive(Debug, Deserialize)]
struct TableDef {
    name: String,
    product_type_ref: usize,
}

/// What is asked for, and what is not.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) queries: Vec<Query>,
    pub(super) absent: Vec<String>,
    pub(super) other_tables: u64,
}

/// One table's listed columns.
#[derive(Debug)]
pub(super) struct Query {
    /// The table's name in the policy.
    pub(super) allowed: String,
    /// Its name in the database.
    pub(super) table: String,
    columns: Vec<String>,
    pub(super) unlisted: u64,
}

impl Query {
    pub(super) fn sql(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|name| format!("\"{name}\"")).collect();
        format!("SELECT {} FROM \"{}\"", columns.join(", "), self.table)
    }
}

impl Schema {
    /// One query for each wanted table. The names in it are those of the policy that the schema
    /// has too, never any others.
    pub(super) fn plan(&self, wanted: &[Wanted]) -> Result<Plan, String> {
        let (mut queries, mut absent) = (Vec::new(), Vec::new());
        for wanted in wanted {
            match self.query(wanted)? {
                Some(query) => queries.push(query),
                None => absent.push(wanted.table.clone()),
            }
        }
        if queries.is_empty() {
            return Err("the database has none of the allowed tables".to_owned());
        }
        let other_tables = (self.tables.len() - queries.len()) as u64;
        Ok(Plan { queries, absent, other_tables })
    }

    fn query(&self, wanted: &Wanted) -> Result<Option<Query>, String> {
        let is_wanted = |name: &String| *name == wanted.table || wanted.aliases.contains(name);
        let mut tables = self.tables.iter().filter(|table| is_wanted(&table.name));
        let Some(table) = tables.next() else { return Ok(None) };
        let allowed = &wanted.table;
        if tables.next().is_some() {
            return Err(format!("{allowed} is there twice, or under two names"));
        }
        let there = self.columns(table).ok_or_else(|| format!("{allowed} has no columns there"))?;
        let listed = wanted.columns.iter().filter(|name| there.contains(name.as_str()));
        let columns: Vec<_> = listed.cloned().collect();
        if columns.is_empty() {
            return Err(format!("{allowed} has none of the listed columns there"));
        }
        if !columns.iter().chain([&table.name]).all(|name| is_identifier(name)) {
            return Err(format!(
                "{allowed} or one of its columns has a name that SQL cannot quote"
            ));
        }
        let unlisted = (there.len() - columns.len()) as u64;
        Ok(Some(Query { allowed: allowed.clone(), table: table.name.clone(), columns, unlisted }))
    }

    fn columns(&self, table: &TableDef) -> Option<BTreeSet<&str>> {
        let product = self.typespace.types.get(table.product_type_ref)?.product.as_ref()?;
        Some(product.elements.iter().filter_map(|element| element.name.some.as_deref()).collect())
    }
}

/// Whether nothing in the name could end the quotes around it.
fn is_identifier(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
