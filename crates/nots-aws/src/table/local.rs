//! A DynamoDB that somebody runs on this machine: plain HTTP, any credentials, and the table made if it is missing.

use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region},
    operation::create_table::CreateTableError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
    },
};
use nots_core::{
    ports::Cause,
    table::{Base, Gsi1, Gsi2, Gsi3, Index},
};

use crate::DynamoTable;

/// A DynamoDB endpoint on this machine.
#[derive(Debug, Clone)]
pub struct LocalDynamo {
    client: Client,
}

impl LocalDynamo {
    /// At a plain HTTP address: `http://127.0.0.1:8000`.
    #[must_use]
    pub fn at(endpoint: &str) -> Self {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-2"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .endpoint_url(endpoint)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Self { client: Client::from_conf(config) }
    }

    /// A table there.
    #[must_use]
    pub fn table(&self, name: &str) -> DynamoTable {
        DynamoTable::new(self.client.clone(), name.to_owned())
    }

    /// Makes the table as the template does, unless it is there.
    ///
    /// # Errors
    /// When the endpoint does not answer, or will not.
    pub async fn create(&self, name: &str) -> Result<(), Cause> {
        let mut request = self
            .client
            .create_table()
            .table_name(name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(Some(schema::<Base>()?))
            .set_attribute_definitions(Some(
                [attributes::<Base>()?, attributes::<Gsi1>()?, attributes::<Gsi2>()?, attributes::<Gsi3>()?]
                    .concat(),
            ))
            .stream_specification(
                StreamSpecification::builder()
                    .stream_enabled(true)
                    .stream_view_type(StreamViewType::NewAndOldImages)
                    .build()?,
            );
        for index in [index::<Gsi1>()?, index::<Gsi2>()?, index::<Gsi3>()?] {
            request = request.global_secondary_indexes(index);
        }
        match request.send().await {
            Ok(_) => {}
            Err(error)
                if matches!(error.as_service_error(), Some(CreateTableError::ResourceInUseException(_))) =>
            {
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        let ttl = TimeToLiveSpecification::builder().attribute_name("TTL").enabled(true).build()?;
        self.client.update_time_to_live().table_name(name).time_to_live_specification(ttl).send().await?;
        Ok(())
    }
}

fn schema<I: Index>() -> Result<Vec<KeySchemaElement>, Cause> {
    let element = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    Ok(vec![element(I::PK, KeyType::Hash)?, element(I::SK, KeyType::Range)?])
}

fn attributes<I: Index>() -> Result<Vec<AttributeDefinition>, Cause> {
    let text = |name| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
    };
    Ok(vec![text(I::PK)?, text(I::SK)?])
}

fn index<I: Index>() -> Result<GlobalSecondaryIndex, Cause> {
    Ok(GlobalSecondaryIndex::builder()
        .index_name(I::NAME.unwrap_or_default())
        .set_key_schema(Some(schema::<I>()?))
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()?)
}
