//! E-mail by SES, text messages by SNS.

use async_trait::async_trait;
use aws_sdk_sesv2::{
    error::SdkError,
    operation::send_email::SendEmailError,
    primitives::Blob,
    types::{
        Attachment, AttachmentContentDisposition, AttachmentContentTransferEncoding, Body, Content,
        Destination, EmailContent, Message as Email, MessageTag,
    },
};
use aws_sdk_sns::{operation::publish::PublishError, types::MessageAttributeValue};

use nots_core::ports::{self, About, Mail, MailError, Message};

/// Both message services.
#[derive(Debug)]
pub struct SesAndSns {
    ses: aws_sdk_sesv2::Client,
    sns: aws_sdk_sns::Client,
    from: String,
    sender: String,
}

impl SesAndSns {
    /// E-mail from an address, text messages from a sender id of at most 11 characters.
    #[must_use]
    pub fn new(ses: aws_sdk_sesv2::Client, sns: aws_sdk_sns::Client, from: String, sender: String) -> Self {
        Self { ses, sns, from, sender }
    }
}

/// What an error says of the message: refused, not taken, or nobody knows. Only the service's own word, or a
/// connection that never came about, tells that it was not taken.
fn told<E: std::error::Error + Send + Sync + 'static>(refused: bool, error: SdkError<E>) -> MailError {
    match &error {
        SdkError::ServiceError(_) if refused => MailError::Rejected(error.into()),
        SdkError::ConstructionFailure(_) => MailError::Rejected(error.into()),
        SdkError::ServiceError(_) => MailError::Unavailable(error.into()),
        SdkError::DispatchFailure(failure) if !failure.is_timeout() && !failure.is_io() => {
            MailError::Unavailable(error.into())
        }
        _ => MailError::Unknown(error.into()),
    }
}

/// SDK builders refuse what SES would refuse.
fn rejected(error: impl std::error::Error + Send + Sync + 'static) -> MailError {
    MailError::Rejected(error.into())
}

#[async_trait]
impl Mail for SesAndSns {
    async fn send(&self, message: &Message, about: &About) -> Result<String, MailError> {
        match message {
            Message::Email { to, subject, text, html, attachments } => {
                let content =
                    |data: &str| Content::builder().data(data).charset("UTF-8").build().map_err(rejected);
                let body = Body::builder().text(content(text)?).html(content(html)?).build();
                let attached = |file: &ports::Attachment| {
                    Attachment::builder()
                        .file_name(&file.name)
                        .content_type(file.content_type)
                        .content_disposition(AttachmentContentDisposition::Attachment)
                        .content_transfer_encoding(AttachmentContentTransferEncoding::Base64)
                        .raw_content(Blob::new(file.bytes.as_slice()))
                        .build()
                        .map_err(rejected)
                };
                let attachments = attachments.iter().map(attached).collect::<Result<Vec<_>, _>>()?;
                let email = Email::builder().subject(content(subject)?).body(body);
                let email = email.set_attachments((!attachments.is_empty()).then_some(attachments)).build();
                let tag = |name: &str, value: &str| {
                    MessageTag::builder().name(name).value(value).build().map_err(rejected)
                };
                let sent = self
                    .ses
                    .send_email()
                    .from_email_address(&self.from)
                    .destination(Destination::builder().to_addresses(to.as_str()).build())
                    .content(EmailContent::builder().simple(email).build())
                    .email_tags(tag("bookingId", about.booking_id.as_str())?)
                    .email_tags(tag("event", about.event)?)
                    .send()
                    .await;
                let sent = sent.map_err(|error| {
                    // `MessageRejected` is also what an unverified identity gives: a fault of ours that passes.
                    let refused =
                        matches!(error.as_service_error(), Some(SendEmailError::BadRequestException(_)));
                    told(refused, error)
                })?;
                Ok(sent.message_id.unwrap_or_default())
            }
            Message::Sms { to, text } => {
                let attribute = |value: &str| {
                    MessageAttributeValue::builder()
                        .data_type("String")
                        .string_value(value)
                        .build()
                        .map_err(rejected)
                };
                let sent = self
                    .sns
                    .publish()
                    .phone_number(to.as_str())
                    .message(text)
                    .message_attributes("AWS.SNS.SMS.SMSType", attribute("Transactional")?)
                    .message_attributes("AWS.SNS.SMS.SenderID", attribute(&self.sender)?)
                    .send()
                    .await;
                let sent = sent.map_err(|error| {
                    let refused = matches!(
                        error.as_service_error(),
                        Some(
                            PublishError::InvalidParameterException(_)
                                | PublishError::InvalidParameterValueException(_)
                        )
                    );
                    told(refused, error)
                })?;
                Ok(sent.message_id.unwrap_or_default())
            }
        }
    }
}
