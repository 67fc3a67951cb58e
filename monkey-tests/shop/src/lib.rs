//! A shop: takes orders, asks a bank, keeps receipts. As an application would be written, without a thought of tests.
use chrono::{DateTime, Local};
use rand::Rng as _;
use rusqlite::Connection;
use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use uuid::Uuid;

/// What goes wrong here.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// An order that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// By which everybody calls it.
    pub id: Uuid,
    /// What it costs, in cents.
    pub price: u64,
    /// When it was taken.
    pub taken: DateTime<Local>,
}

/// The shop's database.
#[derive(Debug)]
pub struct Shop {
    database: Connection,
}

impl Shop {
    /// A shop without orders.
    ///
    /// # Errors
    /// When the database does not work.
    pub fn open() -> Result<Self> {
        let database = Connection::open_in_memory()?;
        database.execute("CREATE TABLE orders (id TEXT, price INTEGER, taken TEXT)", ())?;
        Ok(Self { database })
    }

    /// Takes an order, at a price that has a little luck in it.
    ///
    /// # Errors
    /// When the database does not work.
    pub fn take_order(&self, price: u64) -> Result<Order> {
        let luck = rand::rng().random_range(0..=price / 10);
        let order = Order { id: Uuid::new_v4(), price: price - luck, taken: Local::now() };
        self.database.execute(
            "INSERT INTO orders VALUES (?1, ?2, ?3)",
            (order.id.to_string(), order.price.cast_signed(), order.taken.to_rfc3339()),
        )?;
        Ok(order)
    }

    /// How many orders there are.
    ///
    /// # Errors
    /// When the database does not work.
    pub fn orders(&self) -> Result<u64> {
        let count: i64 = self.database.query_row("SELECT count(*) FROM orders", (), |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }
}

/// Asks the bank for the money. It has three attempts.
///
/// # Errors
/// When the bank refuses, or cannot be reached.
pub async fn pay(order: &Order) -> Result<String> {
    let mut attempt = 1;
    loop {
        match ask_bank(order.price) {
            Err(_) if attempt < 3 => {
                tokio::time::sleep(Duration::from_secs(60 * attempt)).await;
                attempt += 1;
            }
            answer => return answer,
        }
    }
}

fn ask_bank(price: u64) -> Result<String> {
    let mut answer = ureq::get(format!("http://bank.example/pay/{price}")).call()?;
    Ok(answer.body_mut().read_to_string()?)
}

/// How many hundredths of another currency a euro is.
///
/// # Errors
/// When the bank cannot be reached, or gives no number.
pub async fn exchange_rate(currency: &str) -> Result<u64> {
    let answer = reqwest::get(format!("http://bank.example/rates/{currency}")).await?;
    Ok(answer.error_for_status()?.text().await?.trim().parse()?)
}

/// The prices in a file, one in a line.
///
/// # Errors
/// When it cannot be read, or has something else in it.
pub async fn read_prices(path: &str) -> Result<Vec<u64>> {
    let text = tokio::fs::read_to_string(path).await?;
    Ok(text.lines().map(str::parse).collect::<std::result::Result<_, _>>()?)
}

/// Writes a receipt into a file of its own, which stays.
///
/// # Errors
/// When it cannot be written.
pub fn write_receipt(order: &Order) -> Result<PathBuf> {
    let mut file = tempfile::Builder::new().prefix("receipt").tempfile()?;
    writeln!(file, "{}: {} cents, {}", order.id, order.price, order.taken.format("%Y"))?;
    Ok(file.into_temp_path().keep()?)
}
